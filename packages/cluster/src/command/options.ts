/** The options that all commands share: their flags, their variables, and the connection that they describe. */
import type { ParseArgsConfig } from "node:util";
import { readSmallFileSync } from "empreinte";
import { reasonOf } from "../errors.js";
import type { HttpAddress } from "../net/http.js";
import type { LinkOptions } from "../net/link.js";

/** A mistake in the arguments. */
export class UsageError extends Error {}

/** Options of every command. */
export const linkOptions = {
  store: { type: "string" },
  servers: { type: "string", default: "127.0.0.1:4222" },
  ca: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
  inbox: { type: "string" },
} as const;

/** The values of these options. */
export interface LinkValues {
  store?: string | undefined;
  servers: string;
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
  inbox?: string | undefined;
}

/** Returns the variable of an option: `EMPREINTE_CLUSTER_STORE` for `--store`. */
export const variableOf = (name: string): string => `EMPREINTE_CLUSTER_${name.toUpperCase().replaceAll("-", "_")}`;

/**
 * Puts the options that only the environment has in front of the arguments. An option that may be repeated has its
 * values with commas between them. @throws {UsageError} for a switch that is neither 0 nor 1.
 */
export function withVariables(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig["options"]>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string[] {
  const found = Object.entries(options).flatMap(([name, { type, multiple = false }]) => {
    const value = environment[variableOf(name)];
    if (value === undefined || args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))) return [];
    if (type === "string") return (multiple ? value.split(",") : [value]).map((one) => `--${name}=${one}`);
    if (value !== "0" && value !== "1") throw new UsageError(`${variableOf(name)} takes 0 or 1`);
    return value === "1" ? [`--${name}`] : [];
  });
  return [...found, ...args];
}

/** Returns an option that must be there. @throws {UsageError} */
export function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

/** Returns what the arguments name. @throws {UsageError} where they name nothing. */
export function named(what: string, positionals: readonly string[]): string[] {
  if (positionals.length === 0) throw new UsageError(`Name at least one ${what}`);
  return [...positionals];
}

/**
 * Does something with each name, and prints that it is done, or why not. Returns 0, or 2 where one of them fails: the
 * others are done.
 */
export async function eachNamed(
  names: readonly string[],
  work: (name: string) => Promise<void>,
  done: string,
): Promise<number> {
  let status = 0;
  for (const name of names) {
    try {
      await work(name);
      process.stdout.write(`${done} ${name}\n`);
    } catch (error) {
      process.stderr.write(`empreinte-cluster: ${reasonOf(error)}\n`);
      status = 2;
    }
  }
  return status;
}

/** Reads a number of more than 0. @throws {UsageError} */
export function positive(name: string, value: string | undefined, unit = "a number"): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (number > 0) return number;
  throw new UsageError(`--${name} takes ${unit}`);
}

/** Reads an integer of 0 or more. @throws {UsageError} */
export function whole(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new UsageError(`--${name} takes an integer`);
}

/** Reads `PORT` or `HOST:PORT`. @throws {UsageError} */
export function addressOf(name: string, text: string): HttpAddress {
  const { host, port } = /^(?:(?<host>.+):)?(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) throw new UsageError(`--${name} takes a port, or a host and a port`);
  return { port: Number(port), ...(host !== undefined && { host }) };
}

/**
 * Returns the options of the connection to NATS. @throws {UsageError} and {EmpreinteError} if a file cannot be read.
 */
export function linkOf({ store, servers, ca, cert, key, inbox }: LinkValues): LinkOptions {
  const text = (path: string): string => readSmallFileSync(path).toString("utf8");
  const files = { ...(ca && { ca: text(ca) }), ...(cert && { cert: text(cert) }), ...(key && { key: text(key) }) };
  const tls = Object.keys(files).length > 0 ? { tls: files } : {};
  if (inbox !== undefined && !/^[\w-]+(?:\.[\w-]+)*$/.test(inbox)) {
    throw new UsageError("--inbox takes letters, digits, - and _, with dots between them");
  }
  const answers = given({ inboxPrefix: inbox });
  return { store: required("store", store), nats: { servers: servers.split(","), ...tls, ...answers } };
}

/** Leaves out what has no value, so that the default of whoever gets the options applies. */
export const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
