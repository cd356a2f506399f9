/** The status of a cluster over HTTP, for a page elsewhere. */
import { createServer, type Server, type ServerResponse } from "node:http";
import { reasonOf } from "../errors.js";
import { type HttpAddress, listening } from "../net/http.js";
import type { LinkOptions } from "../net/link.js";
import { type ClusterStatus, clusterStatus } from "../status.js";

/** So long a status is given again, in milliseconds: pages must not ask NATS as often as they are read. */
const fresh = 1000;

/**
 * Serves `GET /status`: what `clusterStatus` returns, as JSON, or 503 and the reason. It has neither a hash nor a
 * digest. There is no password: open it to your own network at most. Close the server at the end.
 */
export async function serveStatus(link: LinkOptions, address: HttpAddress): Promise<Server> {
  let last: { since: number; status: Promise<ClusterStatus> } | undefined;
  const current = (): Promise<ClusterStatus> => {
    const now = performance.now();
    if (last === undefined || now - last.since >= fresh) last = { since: now, status: clusterStatus(link) };
    return last.status;
  };
  const answer = async (response: ServerResponse): Promise<void> => {
    const headers = { "content-type": "application/json", "cache-control": "no-store" };
    try {
      const { digest: _, ...status } = await current();
      response.writeHead(200, headers).end(`${JSON.stringify(status)}\n`);
    } catch (error) {
      response.writeHead(503, headers).end(`${JSON.stringify({ error: reasonOf(error) })}\n`);
    }
  };
  const server = createServer(({ url, method }, response) => {
    if (url === "/status" && method === "GET") void answer(response);
    else response.writeHead(404).end();
  });
  return listening(server, address);
}
