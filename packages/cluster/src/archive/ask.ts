/** Asking one shard of an archive. */
import { createInbox, errors } from "@nats-io/transport-node";
import { codeOf, reasonOf } from "../errors.js";
import type { Link } from "../net/link.js";
import { pause } from "../net/pause.js";
import { allShardsSubject, readMessage, type ShardReply, type ShardRequest, shardSubject } from "./messages.js";

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
    return answerOf(shard, readMessage<ShardReply>(data));
  } catch (error) {
    if (codeOf(error) === "ERR_EMPREINTE_CLUSTER_MESSAGE") return { shard, reason: reasonOf(error) };
    if (error instanceof errors.RequestError && error.isNoResponders()) return { shard, reason: "absent" };
    return { shard, reason: error instanceof errors.TimeoutError ? "silent" : reasonOf(error) };
  }
}

function answerOf(shard: number, reply: ShardReply): ShardAnswer | MissingShard {
  if (!("refused" in reply)) return reply;
  return { shard, reason: reply.refused, ...(reply.shards !== undefined && { shards: reply.shards }) };
}

/** A shard that has not answered by then gets a request of its own. It is at most a quarter of the whole time. */
const togetherMilliseconds = 250;

/**
 * Searches all shards by one message. Each shard that has not answered soon gets a request of its own, so that an
 * absent one is known, and one that was started meanwhile answers. It never throws.
 */
export async function searchAllShards(
  archive: ArchiveLink,
  request: object,
  seconds: number,
): Promise<Map<number, ShardAnswer | MissingShard>> {
  const { link, shards } = archive;
  const end = performance.now() + 1000 * seconds;
  const replies = new Map<number, ShardAnswer | MissingShard>();
  let done: () => void;
  const all = new Promise<void>((resolve) => (done = resolve));
  const note = (shard: number, reply: ShardAnswer | MissingShard): void => {
    // The first answer counts. A shard beyond those that are known says how many there are.
    if (!replies.has(shard)) replies.set(shard, reply);
    for (let i = 0; i < shards; i++) if (!replies.has(i)) return;
    done();
  };
  const alone = async (shard: number): Promise<void> => {
    const left = Math.max(0.001, (end - performance.now()) / 1000);
    note(shard, await askShard(archive, shard, request, left));
  };
  let isRequested = false;
  const missing = (): void => {
    if (isRequested) return;
    isRequested = true;
    for (let i = 0; i < shards; i++) if (!replies.has(i)) void alone(i);
  };
  const inbox = createInbox(link.inboxPrefix);
  const timer = setTimeout(missing, Math.min(togetherMilliseconds, 250 * seconds));
  try {
    const subscription = link.nc.subscribe(inbox, {
      callback: (error, message) => {
        // 503: no shard hears it.
        if (error !== null || message.headers?.code === 503) return missing();
        const reply = readOrNone(message.data);
        if (reply !== undefined) note(reply.shard, answerOf(reply.shard, reply));
      },
    });
    try {
      link.nc.publish(allShardsSubject(link.names.store), JSON.stringify({ shards, ...request }), { reply: inbox });
      await all;
    } finally {
      subscription.unsubscribe();
    }
  } catch {
    // The connection is closed: each shard says so.
    await Promise.all(Array.from({ length: shards }, (_, shard) => alone(shard)));
  } finally {
    clearTimeout(timer);
  }
  return replies;
}

/** Reads an answer that says from which shard it is. Without that it is no answer. */
function readOrNone(data: Uint8Array): (ShardReply & { shard: number }) | undefined {
  try {
    const reply = readMessage<ShardReply & { shard: number }>(data);
    return Number.isSafeInteger(reply.shard) && reply.shard >= 0 ? reply : undefined;
  } catch {
    return undefined;
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
