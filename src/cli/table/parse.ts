import { parseArgs, type ParseArgsConfig } from "node:util";
import { shownBeginning, shownPath } from "../io/names.js";
import type { Arguments, Command, Given, NumberOption, Option, Options } from "./command.js";

/** The command line is wrong: the sentence goes to standard error and the exit status is 64, as sysexits.h has it. */
export class UsageError extends Error {}

const camel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Returns the beginning of a text that came from the command line, safe to print. */
const quoted = (text: string): string => `"${shownBeginning(text, 40)}"`;

/** Joins words as alternatives: "fast, standard or thorough". */
export const either = (words: readonly string[]): string =>
  words.length === 1 ? words[0]! : `${words.slice(0, -1).join(", ")} or ${words.at(-1)!}`;

function parseConfig(options: Options): NonNullable<ParseArgsConfig["options"]> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [
      name,
      {
        type: option.type === "flag" ? "boolean" : "string",
        ...(option.type !== "flag" && option.repeat === true && { multiple: true }),
        ...(option.short !== undefined && { short: option.short }),
      } as const,
    ]),
  );
}

type Raw = string | boolean | (string | boolean)[] | undefined;

/** node:util's parseArgs, with its refusals as sentences of ours. */
function split(args: string[], options: Options): { values: Record<string, Raw>; positionals: string[] } {
  try {
    return parseArgs({ args, options: parseConfig(options), allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = ""] = error.message.split(/\.?\n|\. /);
    const dash = /Option '(.*)' argument is ambiguous/.exec(error.message)?.[1];
    throw new UsageError(
      dash === undefined ? shownPath(sentence) : `A value that begins with a dash is given as ${dash}=VALUE`,
    );
  }
}

/** @throws {UsageError} if it is no number of decimal digits in the option's range. */
function numberOf(name: string, text: string, { type, least, most }: NumberOption): number {
  const whole = type === "integer";
  const value = (whole ? /^\d+$/ : /^\d+(\.\d+)?$/).test(text) ? Number(text) : NaN;
  if (value >= least && value <= (most ?? Number.MAX_SAFE_INTEGER)) return value;
  const bounds = most === undefined ? `of at least ${least}` : `between ${least} and ${most}`;
  throw new UsageError(`Expected ${type} ${bounds} for --${name} but received ${quoted(text)}`);
}

function valueOf(name: string, text: string, option: Exclude<Option, { type: "flag" }>): string | number {
  switch (option.type) {
    case "integer":
    case "number":
      return numberOf(name, text, option);
    case "choice":
      if (option.choices.includes(text)) return text;
      throw new UsageError(`Expected ${either(option.choices)} for --${name} but received ${quoted(text)}`);
    case "file":
    case "folder":
      if (text === "") throw new UsageError(`Expected ${option.value} for --${name} but received nothing`);
      return text;
    default:
      return text;
  }
}

function optionValues(values: Record<string, Raw>, options: Options): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const raw = values[name];
    if (option.type === "flag") read[camel(name)] = raw === true;
    else if (option.repeat === true) {
      read[camel(name)] = ((raw ?? []) as string[]).map((text) => valueOf(name, text, option));
    } else read[camel(name)] = raw === undefined ? option.default : valueOf(name, raw as string, option);
  }
  return read;
}

/** Options that are missing, or do not go together. */
function checkCombination(named: ReadonlySet<string>, options: Options): void {
  for (const [name, option] of Object.entries(options)) {
    if (!named.has(name)) {
      if (option.type === "flag" || option.required !== true) continue;
      throw new UsageError(`No --${name} ${option.value} is given`);
    }
    const missing = option.needs?.find((other) => !named.has(other));
    if (missing !== undefined) throw new UsageError(`--${name} needs --${missing}`);
    const clash = option.excludes?.find((other) => named.has(other));
    if (clash !== undefined) throw new UsageError(`--${name} does not go with --${clash}`);
  }
}

function argumentValues(positionals: readonly string[], wanted: Arguments): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  let next = 0;
  for (const [name, argument] of Object.entries(wanted)) {
    const values = positionals.slice(next, argument.repeat === true ? undefined : next + 1);
    next += values.length;
    if (values.length === 0 && argument.optional !== true) throw new UsageError(`No ${name.toUpperCase()} is given`);
    const { choices } = argument;
    const other = choices && values.find((value) => !choices.includes(value));
    if (other !== undefined) {
      throw new UsageError(`Expected ${either(choices!)} for ${name.toUpperCase()} but received ${quoted(other)}`);
    }
    read[name] = argument.repeat === true ? values : values[0];
  }
  if (next < positionals.length) throw new UsageError(`Unexpected argument ${quoted(positionals[next]!)}`);
  return read;
}

/**
 * Reads a command line by the command's table.
 * @throws {UsageError} saying what is wrong with it.
 */
export function parse(args: string[], command: Command): Given {
  const { values, positionals } = split(args, command.options);
  const named = new Set(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name])));
  const options = optionValues(values, command.options);
  checkCombination(named, command.options);
  return { arguments: argumentValues(positionals, command.arguments), options, named } as Given;
}
