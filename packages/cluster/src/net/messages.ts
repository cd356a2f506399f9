/**
 * What curators and nodes say to each other. Every message is checked where it arrives. No message but a chunk has a
 * hash.
 */
import type { StorePosition } from "empreinte/bank";
import { ClusterError } from "../errors.js";

/** Says that the store has a new revision. It goes through JetStream. */
export interface Announcement {
  store: string;
  revision: number;
  digest: string;
  /** The revision of the announcement before. */
  previous: number;
  previousDigest: string;
  /** Which curator says so: each takeover has a higher number. */
  epoch: number;
  /** The numbers of the changed entries, as runs, or null if there are too many to name. */
  entries: [first: number, last: number][] | null;
}

/** A node's request for the curator's permission to answer. */
export interface RenewRequest {
  node: string;
  /** The highest epoch that the node has seen. */
  epoch: number;
  revision: number;
  digest: string;
}

/** The curator's answer. `required` is the revision of the last withdrawal. */
export interface RenewReply {
  epoch: number;
  granted: boolean;
  revision: number;
  digest: string;
  required: number;
  leaseSeconds: number;
  /** Set where the node has another history than the curator. */
  otherHistory?: true;
}

/** A node's request for the revisions that it lacks. */
export interface FetchRequest {
  node: string;
  position: StorePosition;
}

/** Where the revisions are, in so many chunks; or that the node needs a snapshot. */
export interface FetchReply {
  epoch: number;
  kind: "revisions" | "snapshot" | "other history";
  id: string;
  chunks: number;
  revision: number;
}

/** A node's request for a snapshot. `damaged` names the one that it could not read, or is empty. */
export interface SnapshotRequest {
  node: string;
  damaged: string;
}

/** A snapshot in the object store. Its key is in this reply and in the curator's memory, and nowhere else. */
export interface SnapshotReply {
  epoch: number;
  object: string;
  key: string;
  sha256: string;
}

/** Says that a node has applied a revision, and how many milliseconds each part took it. */
export interface Confirmation {
  node: string;
  revision: number;
  digest: string;
  stoppedAfter: number;
  goneAfter: number;
}

const bad = (what: string): ClusterError =>
  new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", `A ${what} is not what it should be`);

type Check = (value: unknown) => boolean;
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const time: Check = (value) => typeof value === "number" && value >= 0;
const digest: Check = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const text: Check = (value) => typeof value === "string" && value.length <= 1024;
const flag: Check = (value) => typeof value === "boolean";
const position: Check = (value) =>
  has(value, { revision: count, digest, entries: count, signals: count, texts: count });
const runs: Check = (value) =>
  value === null ||
  (Array.isArray(value) && value.every((run) => Array.isArray(run) && run.length === 2 && run.every(count)));

function has(value: unknown, fields: Record<string, Check>): boolean {
  if (typeof value !== "object" || value === null) return false;
  const object = value as Record<string, unknown>;
  return Object.entries(fields).every(([name, check]) => check(object[name]));
}

const isShard: Check = (value) =>
  has(value, { shard: count, revision: count, target: count, size: count, matches: count });

type Form =
  | "announcement"
  | "renewal request"
  | "renewal reply"
  | "fetch request"
  | "fetch reply"
  | "chunk request"
  | "snapshot request"
  | "snapshot reply"
  | "leave request"
  | "forget request"
  | "forget reply"
  | "confirmation"
  | "curator's lease"
  | "node's state"
  | "rescans' state";

const forms: Record<Form, Record<string, Check>> = {
  announcement: {
    store: text,
    revision: count,
    digest,
    previous: count,
    previousDigest: digest,
    epoch: count,
    entries: runs,
  },
  "renewal request": { node: text, epoch: count, revision: count, digest },
  "renewal reply": { epoch: count, granted: flag, revision: count, digest, required: count, leaseSeconds: time },
  "fetch request": { node: text, position },
  "fetch reply": { epoch: count, kind: text, id: text, chunks: count, revision: count },
  "chunk request": { id: text, chunk: count },
  "snapshot request": { node: text, damaged: text },
  "snapshot reply": { epoch: count, object: text, key: digest, sha256: digest },
  "leave request": { node: text },
  "forget request": { node: text },
  "forget reply": { forgotten: text },
  confirmation: { node: text, revision: count, digest, stoppedAfter: time, goneAfter: time },
  "curator's lease": { id: text, epoch: count },
  "node's state": { revision: count, digest },
  "rescans' state": { shards: (value) => Array.isArray(value) && value.every(isShard) },
};

/** Reads a message, and checks it. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_MESSAGE` */
export function read<T>(what: Form, data: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch {
    throw bad(what);
  }
  if (has(value, forms[what])) return value as T;
  if (has(value, { refused: text })) {
    const { refused } = value as { refused: string };
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", `The curator refuses: ${refused}`);
  }
  throw bad(what);
}

/** Writes a message. */
export const write = (message: object): string => JSON.stringify(message);
