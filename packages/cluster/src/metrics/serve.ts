/** Metrics as text, and over HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { reasonOf } from "../errors.js";
import { metricsOf, type MetricSource } from "./members.js";
import { write } from "./text.js";

/**
 * Returns the metrics of members of this process in the text format of Prometheus. @throws where a queue cannot be
 * counted.
 */
export async function metricsText(...sources: MetricSource[]): Promise<string> {
  return write((await Promise.all(sources.map(metricsOf))).flat());
}

/** The address at which metrics are served. */
export interface MetricsAddress {
  /** The port; 0 for any that is free. */
  port: number;
  /** Default `"127.0.0.1"`. Metrics have no password: open them to your own network at most. */
  host?: string;
}

/**
 * Serves the metrics of members at `/metrics`. Close the server at the end.
 *
 * @example
 * const server = await serveMetrics([curator, queue], { port: 9464 });
 */
export async function serveMetrics(
  sources: readonly MetricSource[],
  { port, host = "127.0.0.1" }: MetricsAddress,
): Promise<Server> {
  const server = createServer((request, response) => void answer(sources, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return server;
}

async function answer(
  sources: readonly MetricSource[],
  { url, method }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (url !== "/metrics" || (method !== "GET" && method !== "HEAD")) {
    response.writeHead(404).end();
    return;
  }
  try {
    const text = await metricsText(...sources);
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
  } catch (error) {
    response.writeHead(503, { "content-type": "text/plain; charset=utf-8" }).end(`${reasonOf(error)}\n`);
  }
}
