/** The options that all commands share, and the connection that they describe. */
import { readSmallFileSync } from "empreinte";
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
} as const;

interface LinkValues {
  store?: string | undefined;
  servers: string;
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** Returns an option that must be there. @throws {UsageError} */
export function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

/** Reads a number of more than 0. @throws {UsageError} */
export function positive(name: string, value: string | undefined, unit = "a number"): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (number > 0) return number;
  throw new UsageError(`--${name} takes ${unit}`);
}

/**
 * Returns the options of the connection to NATS. @throws {UsageError} and {EmpreinteError} if a file cannot be read.
 */
export function linkOf({ store, servers, ca, cert, key }: LinkValues): LinkOptions {
  const text = (path: string): string => readSmallFileSync(path).toString("utf8");
  const files = { ...(ca && { ca: text(ca) }), ...(cert && { cert: text(cert) }), ...(key && { key: text(key) }) };
  const tls = Object.keys(files).length > 0 ? { tls: files } : {};
  return { store: required("store", store), nats: { servers: servers.split(","), ...tls } };
}
