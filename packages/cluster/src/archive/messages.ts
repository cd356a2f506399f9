/** What the archive and its shards say to each other. Hashes are in requests alone, which NATS never stores. */
import { createHash } from "node:crypto";
import { ClusterError } from "../errors.js";
import type { Layout } from "./layout.js";
import type { RescanMatch, RescanPosition, RescanProgress, RescanStep, UploadMatch } from "./rescans.js";
import type { ArchivedUpload, ArchiveMatch, KeptUploads } from "./shard.js";

/** Uploads that belong to another shard from now on, with what rescans have found of them. */
export interface MovedUploads {
  /** How many shards the archive had. */
  former: number;
  /** Up to where the sender has searched for them. */
  position: RescanPosition;
  uploads: (ArchivedUpload & { matches: UploadMatch[] })[];
}

/** A request to one shard. Each says of how many shards the sender knows. */
export type ShardRequest = { shards: number } & (
  | {
      search: { hash: string; quality?: number; stable?: boolean; orientations?: Record<string, string> };
      radius?: number;
    }
  | { keep: ArchivedUpload[] }
  | { remove: string[] }
  | { rescan: RescanStep }
  /** How far the shard is, and when it was done with this revision. */
  | { progress: number }
  | { move: MovedUploads }
  /** Which of these uploads the shard has. The shard that gets them wants to know. */
  | { known: ArchivedUpload[] }
  | { found: { after: number; limit: number } }
);

/** A shard's answer, or why there is none. */
export type ShardReply =
  /** `former` is set where the shard still gets uploads from others. */
  | { size: number; matches: ArchiveMatch[]; found: number; former?: number }
  | ({ size: number; rescanned: number } & KeptUploads)
  | { size: number; removed: number }
  // `instance` is another one when the shard's process was started anew.
  | { size: number; progress: RescanProgress; layout: Layout; instance: string; took?: boolean }
  | { rescanMatches: RescanMatch[] }
  | { which: Pick<KeptUploads, "conflicts"> & { known: string[] }; rescanned: number }
  | { refused: string; shards?: number };

/** The most matches of one answer: NATS takes a megabyte. */
export const mostMatches = 500;

/** Returns the subject of a shard. */
export const shardSubject = (store: string, shard: number): string => `emp.match.${store}.${shard}`;

/** Returns the subject that all shards hear. An answer to it says which shard answers. */
export const allShardsSubject = (store: string): string => `emp.match.${store}.all`;

/**
 * Which of so many shards has an upload: the jump hash of Lamping and Veach (arXiv:1406.2294). From n to n + 1 shards,
 * one upload of n + 1 moves, and to the new shard.
 */
export function shardOf(id: string, shards: number): number {
  let key = createHash("sha256").update(id).digest().readBigUInt64BE(0);
  let [bucket, next] = [0, 0];
  while (next < shards) {
    bucket = next;
    key = BigInt.asUintN(64, key * 2_862_933_555_777_941_757n + 1n);
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(key >> 33n) + 1)));
  }
  return bucket;
}

/** Groups by a number. */
export function groupBy<T>(items: readonly T[], numberOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const number = numberOf(item);
    const its = groups.get(number);
    if (its === undefined) groups.set(number, [item]);
    else its.push(item);
  }
  return groups;
}

/** Reads a message. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_MESSAGE` */
export function readMessage<T extends object>(data: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch {
    // The parser's own message repeats what it read, which may be a hash.
    value = undefined;
  }
  if (typeof value === "object" && value !== null) return value as T;
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", "A message of the archive is not what it should be");
}
