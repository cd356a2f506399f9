/** Arguments of the command. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { invalid } from "../errors.js";

export interface Arguments {
  /** What is not an option. */
  words: string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  /** Returns an option that must be there. @throws {ExchangeError} */
  needed(name: string): string;
  /** A number. @throws {ExchangeError} */
  number(name: string): number | undefined;
  /**
   * A time, in milliseconds since 1970. It must have its zone: a time of this machine would be another one elsewhere.
   * @throws {ExchangeError}
   */
  time(name: string): number | undefined;
  /** All values of an option that may be repeated. */
  list(name: string): string[];
  /** Pairs such as `--secret name=where`. @throws {ExchangeError} */
  pairs(name: string): Record<string, string>;
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Reads arguments. @throws {ExchangeError} for an option that is unknown or has no value. */
export function readArguments(args: readonly string[], options: Options): Arguments {
  let values: Record<string, unknown>;
  let words: string[];
  try {
    ({ values, positionals: words } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    }));
  } catch (error) {
    throw invalid("the arguments", `known options (${error instanceof Error ? error.message : "unknown"})`);
  }
  const text = (name: string): string | undefined => values[name] as string | undefined;
  return {
    words,
    text,
    flag: (name) => values[name] === true,
    needed: (name) => {
      const value = text(name);
      if (value === undefined || value === "") throw invalid(`--${name}`, "a value");
      return value;
    },
    number: (name) => {
      const value = text(name);
      if (value === undefined) return undefined;
      if (!/^\d{1,9}$/.test(value)) throw invalid(`--${name}`, "a whole number");
      return Number(value);
    },
    time: (name) => {
      const value = text(name);
      if (value === undefined) return undefined;
      const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(value)
        ? Date.parse(value)
        : NaN;
      if (Number.isNaN(at)) throw invalid(`--${name}`, "a day, or a time with its zone, such as 2026-03-29T01:00Z,");
      return at;
    },
    list: (name) => (values[name] ?? []) as string[],
    pairs: (name) =>
      Object.fromEntries(
        ((values[name] ?? []) as string[]).map((pair) => {
          const [, key, value] = /^([\w-]+)=(.+)$/s.exec(pair) ?? [];
          if (key === undefined || value === undefined) throw invalid(`--${name}`, "NAME=VALUE");
          return [key, value];
        }),
      ),
  };
}

export const string = { type: "string" } as const;
export const boolean = { type: "boolean" } as const;
export const strings = { type: "string", multiple: true } as const;
