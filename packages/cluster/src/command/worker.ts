/** The command `empreinte-cluster worker`: a node and a worker in one process. */
import { parseArgs } from "node:util";
import { ClusterNode } from "../node/node.js";
import type { ClusterEvent } from "../events.js";
import { Worker } from "../jobs/worker.js";
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
} as const;

const levels = ["fast", "standard", "thorough"] as const;

/** Works until SIGTERM or SIGINT, then finishes what it has. Prints events as lines of JSON. Answers 0. */
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
  const onEvent = (event: ClusterEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  const shared = { ...link, id, onEvent, ...(replicas !== undefined && { replicas }) };
  const node = await ClusterNode.start({ ...shared, path });
  try {
    const worker = await Worker.start({
      ...shared,
      node,
      check: { level },
      handles: { roots: values.root, fetcher: { trustedOrigins: values.origin } },
      ...(concurrency !== undefined && { concurrency }),
      ...(maxDeliveries !== undefined && { maxDeliveries }),
    });
    await stopped;
    await worker.drain(drain);
  } finally {
    await node.close();
  }
  return 0;
}
