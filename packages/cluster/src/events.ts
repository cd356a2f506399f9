/** What a curator or a node reports while it runs. */

/** Something that happened. No event has a hash. */
export type ClusterEvent =
  /** The curator took over, with this epoch. */
  | { type: "curator"; epoch: number }
  /** The curator cannot renew its lease. It grants nothing until it can. */
  | { type: "lease-unsure"; reason: string }
  /** Another curator took over. The store is a replica from now on. */
  | { type: "deposed"; reason: string }
  /** A revision was announced. */
  | { type: "announced"; revision: number }
  /** A node has applied these revisions. */
  | { type: "applied"; from: number; revision: number; removed: boolean }
  /** A node answers from now on, or no longer. */
  | { type: "answering"; reason?: undefined }
  | { type: "incomplete"; reason: string }
  /** A node took a new copy of the store. */
  | { type: "snapshot"; revision: number; reason: string }
  /** A worker has stored the result of a job. */
  | { type: "job-done"; id: string; deliveries: number }
  /** The job has a result already, by an earlier delivery. */
  | { type: "job-duplicate"; id: string }
  /** A job failed, and comes again after so many seconds. */
  | { type: "job-retry"; id: string; deliveries: number; seconds: number; reason: string }
  /** A job became a dead letter. */
  | { type: "job-dead"; id: string; code: string; reason: string }
  /** A worker takes no jobs while its node does not answer, and takes them again. */
  | { type: "worker-paused"; reason: string }
  | { type: "worker-resumed" }
  /** A shard has searched all hashes that the bank had at a revision. */
  | { type: "rescanned"; shard: number; revision: number }
  /** Every upload of a shard is where it belongs, after the archive has got more shards. */
  | { type: "shard-moved"; shard: number }
  /** The rescan of a shard does not go on. It is tried again. */
  | { type: "rescan-held"; shard: number; reason: string }
  /** A message was refused, or a step failed and is tried again. */
  | { type: "refused"; reason: string }
  | { type: "retry"; step: string; reason: string };

/** Takes events. What it throws is dropped. */
export type EventListener = (event: ClusterEvent) => void;

/** Makes a listener that never throws. */
export const quiet =
  (listener: EventListener | undefined): EventListener =>
  (event) => {
    try {
      listener?.(event);
    } catch {
      // A listener of the caller's must not stop a node.
    }
  };

/** Takes what the store of a member reports. */
export type StoreRetries = (retry: { step: string; error: Error }) => void;

/** Makes events of what a store reports. */
export const retriesOf =
  (event: EventListener): StoreRetries =>
  ({ step, error }) =>
    event({ type: "retry", step, reason: error.message });
