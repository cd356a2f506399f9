/** Bodies that are not read to their end. */
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Config } from "../config/options.js";

/** The requests whose clients wait for "100 Continue". */
export const continueBody: WeakSet<IncomingMessage> = new WeakSet();

/** What a form has beside its file. */
const formBytes = 65_536;

/** What the parser of forms takes. The routes count parts and bytes themselves, and say what is wrong. */
export const formLimits: Record<
  "files" | "fields" | "parts" | "fieldSize" | "fieldNameSize" | "headerPairs" | "fileSize",
  number
> = {
  files: 100,
  fields: 1000,
  parts: 1100,
  fieldSize: formBytes,
  fieldNameSize: 256,
  headerPairs: 50,
  fileSize: 2 ** 50,
};

/** Returns the most bytes of the body of a request, by its route and its type. */
export function bodyLimit(config: Config, request: FastifyRequest): number {
  const type = request.headers["content-type"] ?? "";
  if (/^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) return config.maxJsonBytes;
  if (request.routeOptions.url?.endsWith("/import") === true) return config.maxListBytes;
  return Math.max(config.maxImageBytes, config.maxVideoBytes) + formBytes;
}

/** How much of a body is still taken off the line, so that the client reads the answer and not a reset. */
const lingerBytes = 2 ** 24;
const lingerMilliseconds = 1000;

/**
 * Replies before the body was read to its end. The answer is complete at once. The connection ends after a second, or
 * once the client stops, or has sent another 16 MiB, which are thrown away.
 */
export function endEarly(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  headers: Record<string, string>,
  body: string,
): void {
  reply.hijack();
  const { raw } = reply;
  if (raw.destroyed || raw.headersSent) {
    raw.destroy();
    return;
  }
  const length = Buffer.byteLength(body);
  raw.writeHead(status, { ...headers, "content-length": length, connection: "close" });
  raw.write(body);
  const incoming = request.raw;
  const end = (): void => {
    clearTimeout(timer);
    incoming.removeAllListeners("data");
    raw.end();
  };
  if (incoming.complete || continueBody.has(incoming)) {
    raw.end();
    return;
  }
  const timer = setTimeout(end, lingerMilliseconds);
  let bytes = 0;
  incoming.unpipe();
  incoming.removeAllListeners("data");
  incoming.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > lingerBytes) end();
  });
  incoming.once("end", end);
  incoming.once("error", end);
  incoming.resume();
}
