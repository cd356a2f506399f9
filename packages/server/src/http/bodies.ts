/** Bodies that are not read to their end. */
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** The requests whose clients wait for "100 Continue". */
export const continueBody: WeakSet<IncomingMessage> = new WeakSet();

/** How much of a body is still taken off the line, so that the client reads the answer and not a reset. */
const lingerBytes = 2 ** 20;
const lingerMilliseconds = 1000;

/**
 * Answers before the body was read to its end. The answer is complete at once. The connection ends after a second, or once
 * the client stops, or has sent another MiB, which is thrown away.
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
