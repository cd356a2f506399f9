/** What a job is, and what becomes of it. Every message is checked where it arrives. */
import type { CheckImageOptions, Decision, DecisionMatch } from "empreinte/bank";
import { ClusterError } from "../errors.js";

/** The order in which workers take jobs. */
export type Priority = "high" | "normal" | "low";

/** All priorities, the first one first. */
export const priorities: readonly Priority[] = ["high", "normal", "low"];

/**
 * Where a worker finds an upload. A path must be in a folder of the worker's `roots`. A URL is fetched by
 * `empreinte-fetch`. A key is what the worker's own `fetch` understands. Handles are in the files of JetStream until
 * the job is done.
 */
export type Handle = { path: string } | { url: string } | { key: string };

/** An upload that a worker should hash and check: a handle, never its bytes. */
export interface Job {
  /** The platform's name of the upload, 1 … 200 characters. One id has one result. It must not be a hash. */
  id: string;
  handle: Handle;
  /** What the upload is. Default `"image"`. */
  kind?: "image" | "video";
  /** The priority in the queue. Default `"normal"`. */
  priority?: Priority;
  /** How much to search: see `CheckImageOptions` and `CheckVideoOptions`. Default: what the worker says. */
  level?: NonNullable<CheckImageOptions["level"]>;
  /** The upload is checked at this revision of the store or a later one. */
  atLeast?: number;
}

/** A match without the digits of its hash. */
export type JobMatch = Omit<DecisionMatch, "hash">;

/** A decision without hashes. `matches` has at most 256 matches, and `matchesLeftOut` counts the others. */
export type JobDecision = Omit<Decision, "query" | "matches"> & {
  matches: JobMatch[];
  matchesLeftOut: number;
  /** The quality of the upload's hash, 0 … 100. */
  quality: number;
};

/** Why a job has no decision. */
export interface JobFailure {
  /** The code of the error, or `"unknown"` where it has none. */
  code: string;
  reason: string;
}

interface ResultBase {
  id: string;
  /** The worker that stored this result. */
  worker: string;
  /** The revision of the worker's store. */
  revision: number;
  /** How often the job was delivered. */
  deliveries: number;
  /** When the result was stored, in milliseconds since 1970, by the worker's clock. */
  time: number;
  /** Milliseconds from the delivery to the result. */
  took: number;
}

/** The one result of a job: a decision, or why there is none. */
export type JobResult = ResultBase &
  ({ decision: JobDecision; failure?: undefined } | { failure: JobFailure; decision?: undefined });

/** A job that no worker could do. `job` is undefined if the message was no job. */
export interface DeadLetter extends JobFailure {
  id: string;
  job: Job | undefined;
  worker: string;
  deliveries: number;
  time: number;
}

const most = 256;

/** Takes what must not be stored out of a decision. */
export function withoutHashes({ query, matches, ...decision }: Decision): JobDecision {
  const kept = matches
    .slice(0, most)
    .map(
      (match) => Object.fromEntries(Object.entries(match).filter(([name]) => name !== "hash")) as unknown as JobMatch,
    );
  return { ...decision, matches: kept, matchesLeftOut: matches.length - kept.length, quality: query.quality };
}

/** Shortens what looks like a hash in a sentence. */
export const shortened = (text: string): string =>
  text.replaceAll(/[0-9a-f]{32,}/gi, (digits) => `${digits.slice(0, 8)}…`).slice(0, 1000);

const isText = (value: unknown, length: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= length;

function idProblem(id: unknown): string | undefined {
  // Control characters would break the lines of a log.
  if (!isText(id, 200) || /\p{Cc}/u.test(id)) return "1 to 200 characters, without control characters, for id";
  if (/[0-9a-f]{40}/i.test(id)) return "an id that is not a hash: it is in the names of subjects and in logs";
  return undefined;
}

const jobFields: readonly string[] = ["id", "handle", "kind", "priority", "level", "atLeast"];

function problem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "a job";
  const { id, handle, kind, priority, level, atLeast } = value as Record<string, unknown>;
  const unknown = Object.keys(value).find((name) => !jobFields.includes(name));
  if (unknown !== undefined) return `no ${shortened(JSON.stringify(unknown))} in a job`;
  const bad = idProblem(id);
  if (bad !== undefined) return bad;
  const fields = typeof handle === "object" && handle !== null ? Object.entries(handle) : [];
  const [name = "", place] = fields[0] ?? [];
  if (fields.length !== 1 || !["path", "url", "key"].includes(name) || !isText(place, 8192)) {
    return "one of path, url and key, of 1 to 8,192 characters, for handle";
  }
  if (kind !== undefined && kind !== "image" && kind !== "video") return "image or video for kind";
  if (priority !== undefined && !priorities.includes(priority as Priority)) return "high, normal or low for priority";
  if (level !== undefined && !["fast", "standard", "thorough"].includes(level as string)) {
    return "fast, standard or thorough for level";
  }
  if (atLeast !== undefined && (!Number.isSafeInteger(atLeast) || (atLeast as number) < 0)) {
    return "an integer of 0 or more for atLeast";
  }
  return undefined;
}

/** Checks an id. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` */
export function checkJobId(id: unknown): string {
  const expected = idProblem(id);
  if (expected === undefined) return id as string;
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", `Expected ${expected}`);
}

/** Checks a job of the caller's. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` */
export function checkJob(value: unknown): Job {
  const expected = problem(value);
  if (expected === undefined) return value as Job;
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", `Expected ${expected}`);
}

/** Reads a message. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_MESSAGE` if it is no such thing. */
export function readJson(what: string, data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString());
  } catch {
    // The parser's own message repeats what it read, which may be anything.
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", `A ${what} is not JSON`);
  }
}

/** Reads a job. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_MESSAGE` */
export function readJob(data: Uint8Array): Job {
  const value = readJson("job", data);
  const expected = problem(value);
  if (expected === undefined) return value as Job;
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", `A job is not what it should be: expected ${expected}`);
}

/** Reads a result. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_MESSAGE` */
export function readResult(data: Uint8Array): JobResult {
  const value = readJson("result", data) as JobResult | null;
  const isResult =
    typeof value?.id === "string" &&
    Number.isSafeInteger(value.revision) &&
    (typeof value.decision?.action === "string") !== (typeof value.failure?.code === "string");
  if (isResult) return value;
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_MESSAGE", "A result is not what it should be");
}

/** Returns the last part of a subject: a job's id in characters that subjects may have. */
export const tokenOf = (id: string): string => Buffer.from(id).toString("base64url");
