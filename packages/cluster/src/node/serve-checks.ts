/** A node's answers over HTTP: the bytes of an image in, a decision without hashes out. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { codeOf, reasonOf } from "../errors.js";
import { shortened, withoutHashes } from "../jobs/job.js";
import { type HttpAddress, listening } from "../net/http.js";
import type { ClusterNode } from "./node.js";

/** The most bytes of an upload. */
const mostBytes = 2 ** 26;
/** The most uploads in memory at once. */
const mostAtOnce = 16;

/**
 * Serves `POST /check`. The body is an image. The answer is 200 and `{revision, decision}`, or 503 and `{revision,
 * incomplete}` where the node may not answer. `?atLeast=N` waits up to ten seconds for a revision. Close the server at
 * the end.
 */
export async function serveChecks(node: ClusterNode, address: HttpAddress): Promise<Server> {
  let running = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://node");
    if (pathname !== "/check" || request.method !== "POST")
      return say(response, 404, { error: "POST an image to /check" });
    const atLeast = searchParams.get("atLeast") ?? "0";
    if (!/^\d{1,15}$/.test(atLeast)) return say(response, 400, { error: "atLeast takes an integer" });
    if (running >= mostAtOnce) return say(response, 429, { error: `The node checks ${mostAtOnce} images already` });
    running++;
    try {
      const bytes = await bodyOf(request);
      if (bytes === undefined) return say(response, 413, { error: `The image has more than ${mostBytes} bytes` });
      const { revision, value, incomplete } = await node.checkImage(bytes, {
        atLeast: Number(atLeast),
        waitSeconds: 10,
      });
      if (value === undefined) say(response, 503, { revision, incomplete });
      else say(response, 200, { revision, decision: withoutHashes(value) });
    } catch (error) {
      const code = codeOf(error);
      const status = typeof code === "string" && code.startsWith("ERR_EMPREINTE_") ? 422 : 500;
      say(response, status, { error: shortened(reasonOf(error)), code });
    } finally {
      running--;
    }
  };
  return listening(
    createServer((request, response) => void answer(request, response)),
    address,
  );
}

function say(response: ServerResponse, status: number, body: object): void {
  // A body that nobody has read would hold the connection.
  response.writeHead(status, { "content-type": "application/json", ...(status >= 400 && { connection: "close" }) });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Reads a body; undefined where it is too long. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers["content-length"]) > mostBytes) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
