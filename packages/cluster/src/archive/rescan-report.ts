/** What all shards say about rescans: whether one is complete, and what was found. */
import { ClusterError } from "../errors.js";
import { checkNumber } from "../jobs/streams.js";
import { type ArchiveLink, askShard, isMissing, type MissingShard } from "./ask.js";
import { shardOf } from "./messages.js";
import type { RescanMatch, RescanProgress } from "./rescans.js";

/** Whether every hash that a bank had at a revision was searched in all uploads. */
export interface Rescan {
  revision: number;
  /** Whether every shard has searched all hashes up to the revision. */
  complete: boolean;
  /** When the last shard had done so, at the latest; undefined while it is not complete. */
  completedAt: Date | undefined;
  /** The shards that have not, with the reason: `"behind"`, or why they do not go on. */
  missing: MissingShard[];
  /** What each shard has done, without those that do not answer. */
  shards: (RescanProgress & { shard: number; size: number; completedAt: Date | undefined })[];
}

/** Asks all shards about a revision. */
export async function readRescan(archive: ArchiveLink, revision: number, seconds: number): Promise<Rescan> {
  checkNumber("revision", revision, 0, Number.MAX_SAFE_INTEGER, true);
  checkNumber("deadlineSeconds", seconds, 0.001, 3600);
  const [missing, shards]: [MissingShard[], Rescan["shards"]] = [[], []];
  const ask = async (shard: number): Promise<void> => {
    const reply = await askShard(archive, shard, { progress: revision }, seconds);
    if (isMissing(reply)) missing.push(reply);
    else if ("progress" in reply) {
      const { completed } = reply.progress;
      const completedAt = completed === null ? undefined : new Date(completed);
      shards.push({ shard, size: reply.size, ...reply.progress, completedAt });
      if (completed === null) missing.push({ shard, reason: "behind" });
    } else missing.push({ shard, reason: "The answer is not one about progress" });
  };
  await Promise.all(Array.from({ length: archive.shards }, (_, shard) => ask(shard)));
  const complete = missing.length === 0;
  const times = shards.map(({ completed }) => completed ?? 0);
  return {
    revision,
    complete,
    completedAt: complete ? new Date(Math.max(...times)) : undefined,
    missing: missing.toSorted((a, b) => a.shard - b.shard),
    shards: shards.toSorted((a, b) => a.shard - b.shard),
  };
}

/** Matches of one answer. */
const atOnce = 500;

/** Yields the matches of all shards. `after` has for each shard the number of the last match that is known already. */
export async function* readMatches(
  archive: ArchiveLink,
  { deadlineSeconds = 10, after = [] }: { deadlineSeconds?: number; after?: readonly number[] },
): AsyncGenerator<RescanMatch & { shard: number }> {
  checkNumber("deadlineSeconds", deadlineSeconds, 0.001, 3600);
  // While uploads move, one may be in two shards: in the one where it was, and then in the one where it belongs.
  const misplaced = new Set<string>();
  for (let shard = 0; shard < archive.shards; shard++) {
    for (let last = checkNumber("after", after[shard] ?? 0, 0, Number.MAX_SAFE_INTEGER, true); ;) {
      const reply = await askShard(archive, shard, { found: { after: last, limit: atOnce } }, deadlineSeconds);
      if (isMissing(reply)) {
        throw new ClusterError("ERR_EMPREINTE_CLUSTER_SHARD", `Shard ${shard} does not answer: ${reply.reason}`);
      }
      if (!("rescanMatches" in reply) || reply.rescanMatches.length === 0) break;
      for (const match of reply.rescanMatches) {
        const name = `${match.entry} ${match.id}`;
        if (misplaced.has(name)) continue;
        if (shardOf(match.id, archive.shards) !== shard) misplaced.add(name);
        yield { ...match, shard };
      }
      last = reply.rescanMatches.at(-1)!.number;
    }
  }
}
