/** Asking one shard of an archive. */
import { errors } from "@nats-io/transport-node";
import { codeOf, reasonOf } from "../errors.js";
import type { Link } from "../net/link.js";
import { pause } from "../net/pause.js";
import { readMessage, type ShardReply, type ShardRequest, shardSubject } from "./messages.js";

/**
 * A shard that has not answered, and why: `"silent"` at the deadline, `"absent"` where no process has it, or its
 * refusal.
 */
export interface MissingShard {
  shard: number;
  reason: string;
  /** How many shards the archive has, where the shard refused because the sender knows of fewer. */
  shards?: number;
}

export type ShardAnswer = Exclude<ShardReply, { refused: string }>;

/** Returns whether a shard has not answered. */
export const isMissing = (reply: ShardAnswer | MissingShard): reply is MissingShard => "reason" in reply;

/** The archive as whoever asks it knows it. */
export interface ArchiveLink {
  link: Link;
  shards: number;
}

/** Sends a request to one shard. It never throws. */
export async function askShard(
  { link: { nc, names }, shards }: ArchiveLink,
  shard: number,
  request: object,
  seconds: number,
): Promise<ShardAnswer | MissingShard> {
  const message = { shards, ...request } as ShardRequest;
  try {
    const { data } = await nc.request(shardSubject(names.store, shard), JSON.stringify(message), {
      timeout: 1000 * seconds,
    });
    const reply = readMessage<ShardReply>(data);
    if (!("refused" in reply)) return reply;
    return { shard, reason: reply.refused, ...(reply.shards !== undefined && { shards: reply.shards }) };
  } catch (error) {
    if (codeOf(error) === "ERR_EMPREINTE_CLUSTER_MESSAGE") return { shard, reason: reasonOf(error) };
    if (error instanceof errors.RequestError && error.isNoResponders()) return { shard, reason: "absent" };
    return { shard, reason: error instanceof errors.TimeoutError ? "silent" : reasonOf(error) };
  }
}

/** How often a request checks that the shard which takes long is still there, in milliseconds. */
const aliveMilliseconds = 2000;

/**
 * Sends a request that may take long. NATS does not say that the process which got it has died, so further requests
 * read the progress of the shard meanwhile. Where no process has it, or another one than `instance`, the answer is
 * `"absent"`. Without `instance`, the request is one that is answered at once, before any later one. It never throws.
 */
export async function askWhileAlive(
  archive: ArchiveLink,
  shard: number,
  request: object,
  seconds: number,
  instance: string | undefined,
): Promise<ShardAnswer | MissingShard> {
  const answered = new AbortController();
  const asking = askShard(archive, shard, request, seconds).finally(() => answered.abort());
  const watching = async (): Promise<ShardAnswer | MissingShard> => {
    while (!answered.signal.aborted) {
      await pause(aliveMilliseconds, answered.signal);
      if (answered.signal.aborted) break;
      const reply = await askShard(archive, shard, { progress: 0 }, aliveMilliseconds / 1000);
      if (isMissing(reply) ? reply.reason === "absent" : "progress" in reply && reply.instance !== instance) {
        return { shard, reason: "absent" };
      }
    }
    return asking;
  };
  return Promise.race([asking, watching()]);
}
