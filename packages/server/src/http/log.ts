/** Logs that are safe to ship: JSON lines without URLs, queries, bodies, hashes or keys. */
import type { FastifyServerOptions } from "fastify";
import { shortHashes } from "../core/redact.js";

/** Where lines of the log go. */
export interface LogStream {
  write(line: string): void;
}

const standardOutput: LogStream = { write: (line) => void process.stdout.write(line) };

/** Returns the options of the log. Whatever is logged, a hash in it is cut to 8 digits. */
export function logOptions(
  level: string,
  stream: LogStream = standardOutput,
): NonNullable<FastifyServerOptions["logger"]> {
  return {
    level,
    base: { pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // A request or an answer as it is has a URL, and so they are never logged whole.
    serializers: { req: () => ({}), res: () => ({}) },
    stream: { write: (line: string) => stream.write(shortHashes(line)) },
  };
}
