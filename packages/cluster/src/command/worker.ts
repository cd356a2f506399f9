/** The command `empreinte-cluster worker`: a node and a worker in one process. */
import { parseArgs } from "node:util";
import type { ClusterEvent } from "../events.js";
import type { MetricsAddress } from "../metrics/serve.js";
import { linkOf, linkOptions, positive, required, UsageError } from "./options.js";

const options = {
  ...linkOptions,
  id: { type: "string" },
  path: { type: "string" },
  replicas: { type: "string" },
  root: { type: "string", multiple: true, default: [] as string[] },
  origin: { type: "string", multiple: true, default: [] as string[] },
  concurrency: { type: "string" },
  deliveries: { type: "string" },
  level: { type: "string", default: "fast" },
  drain: { type: "string", default: "30" },
  metrics: { type: "string" },
} as const;

/** Reads `PORT` or `HOST:PORT`. @throws {UsageError} */
function metricsAddress(text: string): MetricsAddress {
  const { host, port } = /^(?:(?<host>.+):)?(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) throw new UsageError("--metrics takes a port, or a host and a port");
  return { port: Number(port), ...(host !== undefined && { host }) };
}

const levels = ["fast", "standard", "thorough"] as const;

/** Works until SIGTERM or SIGINT, then finishes what it has. Prints events as lines of JSON. Returns 0. */
export async function workerCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options });
  const link = linkOf(values);
  const id = required("id", values.id);
  const path = required("path", values.path);
  const level = levels.find((name) => name === values.level);
  if (level === undefined) throw new UsageError(`--level takes ${levels.join(", ")}`);
  const concurrency = positive("concurrency", values.concurrency);
  const maxDeliveries = positive("deliveries", values.deliveries);
  const replicas = positive("replicas", values.replicas);
  const drain = positive("drain", values.drain, "seconds");
  const address = values.metrics === undefined ? undefined : metricsAddress(values.metrics);
  const onEvent = (event: ClusterEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  // Loaded now: a mistake in the arguments is said without them, in a third of the time.
  const [{ ClusterNode }, { Worker }, { serveMetrics }] = await Promise.all([
    import("../node/node.js"),
    import("../jobs/worker.js"),
    import("../metrics/serve.js"),
  ]);
  const shared = { ...link, id, onEvent, ...(replicas !== undefined && { replicas }) };
  const node = await ClusterNode.start({ ...shared, path });
  try {
    const worker = await Worker.start({
      ...shared,
      node,
      check: { level },
      checkVideo: { level },
      handles: { roots: values.root, fetcher: { trustedOrigins: values.origin } },
      ...(concurrency !== undefined && { concurrency }),
      ...(maxDeliveries !== undefined && { maxDeliveries }),
    });
    const server = address && (await serveMetrics([node, worker], address));
    await stopped;
    await worker.drain(drain);
    server?.close();
  } finally {
    await node.close();
  }
  return 0;
}
