/** What the archive and its shards say to each other. Hashes are in requests alone, which NATS never stores. */
import { createHash } from "node:crypto";
import { ClusterError } from "../errors.js";
import type { RescanMatch, RescanProgress, RescanStep } from "./rescans.js";
import type { ArchivedUpload, ArchiveMatch, KeptUploads } from "./shard.js";

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
  | { found: { after: number; limit: number } }
);

/** A shard's answer, or why there is none. */
export type ShardReply =
  | { size: number; matches: ArchiveMatch[]; found: number }
  | ({ size: number; rescanned: number } & KeptUploads)
  | { size: number; removed: number }
  | { size: number; progress: RescanProgress; took?: boolean }
  | { rescanMatches: RescanMatch[] }
  | { refused: string };

/** The most matches of one answer: NATS takes a megabyte. */
export const mostMatches = 500;

/** The subject of a shard. */
export const shardSubject = (store: string, shard: number): string => `emp.match.${store}.${shard}`;

/** Which of so many shards has an upload. */
export const shardOf = (id: string, shards: number): number =>
  createHash("sha256").update(id).digest().readUInt32BE(0) % shards;

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
