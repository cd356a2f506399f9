/** The command `empreinte-cluster worker`: a node and a worker in one process. */
import { parseArgs } from "node:util";
import type { KeepInArchive } from "../archive/keep.js";
import { memberOptions, runMember } from "./member.js";
import { given, positive, required, UsageError, whole, withVariables } from "./options.js";

const options = {
  ...memberOptions,
  id: { type: "string" },
  path: { type: "string" },
  replicas: { type: "string" },
  root: { type: "string", multiple: true, default: [] as string[] },
  origin: { type: "string", multiple: true, default: [] as string[] },
  concurrency: { type: "string" },
  deliveries: { type: "string" },
  level: { type: "string", default: "fast" },
  drain: { type: "string", default: "30" },
  shards: { type: "string" },
  orientations: { type: "boolean", default: false },
} as const;

const levels = ["fast", "standard", "thorough"] as const;

/** Works until SIGTERM or SIGINT, then finishes what it has. Returns 0. */
export async function workerCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args: withVariables(args, options), options });
  const id = required("id", values.id);
  const path = required("path", values.path);
  const level = levels.find((name) => name === values.level);
  if (level === undefined) throw new UsageError(`--level takes ${levels.join(", ")}`);
  const limits = given({
    concurrency: positive("concurrency", values.concurrency),
    maxDeliveries: positive("deliveries", values.deliveries),
  });
  const drain = positive("drain", values.drain, "seconds");
  const shards = whole("shards", values.shards);
  const { orientations } = values;
  if (orientations && shards === undefined) throw new UsageError("--orientations needs --shards");
  return runMember(values, async (link) => {
    const [{ ClusterNode }, { Worker }, archives] = await Promise.all([
      import("../node/node.js"),
      import("../jobs/worker.js"),
      import("../archive/keep.js"),
    ]);
    const node = await ClusterNode.start({ ...link, id, path });
    let archive: KeepInArchive | undefined;
    try {
      archive = shards === undefined ? undefined : await archives.KeepInArchive.open({ ...link, shards, orientations });
      const worker = await Worker.start({
        ...link,
        id,
        node,
        check: { level },
        checkVideo: { level },
        handles: { roots: values.root, fetcher: { trustedOrigins: values.origin } },
        ...limits,
        ...(archive && { keep: archive.keep }),
      });
      const end = async (): Promise<void> => {
        // A job that waits for an absent shard goes back into the queue.
        archive?.stopWaiting();
        await worker.drain(drain);
        await archive?.close();
        await node.close();
      };
      return { sources: [node, worker], end };
    } catch (error) {
      await archive?.close();
      await node.close();
      throw error;
    }
  });
}
