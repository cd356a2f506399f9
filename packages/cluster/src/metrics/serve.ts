/** Metrics as text, and over HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Curator } from "../curator/curator.js";
import { reasonOf } from "../errors.js";
import { type HttpAddress, listening } from "../net/http.js";
import { ClusterNode } from "../node/node.js";
import { metricsOf, type MetricSource } from "./members.js";
import { write } from "./text.js";

/**
 * Returns the metrics of members of this process in the text format of Prometheus. @throws where a queue cannot be
 * counted.
 */
export async function metricsText(...sources: MetricSource[]): Promise<string> {
  return write((await Promise.all(sources.map(metricsOf))).flat());
}

/**
 * Serves the metrics of members at `/metrics`. `/ready` has status 200 while all of them answer, and otherwise 503 and
 * the reasons. Metrics have no password: open them to your own network at most. Close the server at the end.
 *
 * @example
 * const server = await serveMetrics([curator, queue], { port: 9464 });
 */
export async function serveMetrics(sources: readonly MetricSource[], address: HttpAddress): Promise<Server> {
  return listening(
    createServer((request, response) => void answer(sources, request, response)),
    address,
  );
}

/** Returns why members do not answer now, or nothing if all do. */
function unready(sources: readonly MetricSource[]): string[] {
  return sources.flatMap((source) => {
    if (source instanceof Curator) return source.active ? [] : [`curator ${source.id} has no lease`];
    return source instanceof ClusterNode && source.incomplete !== undefined
      ? [`node ${source.id} does not answer: ${source.incomplete}`]
      : [];
  });
}

async function answer(
  sources: readonly MetricSource[],
  { url, method }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if ((url !== "/metrics" && url !== "/ready") || (method !== "GET" && method !== "HEAD")) {
    response.writeHead(404).end();
    return;
  }
  if (url === "/ready") {
    const reasons = unready(sources);
    response.writeHead(reasons.length === 0 ? 200 : 503, { "content-type": "text/plain; charset=utf-8" });
    response.end(`${reasons.join("\n") || "ready"}\n`);
    return;
  }
  try {
    const text = await metricsText(...sources);
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
  } catch (error) {
    response.writeHead(503, { "content-type": "text/plain; charset=utf-8" }).end(`${reasonOf(error)}\n`);
  }
}
