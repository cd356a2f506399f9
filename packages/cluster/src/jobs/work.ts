/** One job, from its delivery to its acknowledgement. */
import type { CheckImageOptions, Decision } from "empreinte/bank";
import { ClusterError, codeOf, reasonOf } from "../errors.js";
import type { EventListener } from "../events.js";
import type { Link } from "../net/link.js";
import { Backoff, pause } from "../net/pause.js";
import type { CheckVideoOptions, ClusterNode } from "../node/node.js";
import type { Delivery } from "./delivery.js";
import { type Handles, HopelessError } from "./handles.js";
import {
  type DeadLetter,
  type Job,
  type JobFailure,
  type JobResult,
  readJob,
  shortened,
  withoutHashes,
} from "./job.js";
import { hasResult, storeLetter, storeResult } from "./results.js";

/** What a worker keeps of an upload by itself, such as in an archive of its own: the hash is here and in no message. */
export interface HashedUpload {
  id: string;
  kind: "image" | "video";
  /** The whole hash as 64 hex digits; undefined for a video, and if only the bytes of an image's file were matched. */
  hash: string | undefined;
  quality: number;
  /** The hashes of an image's eight orientations. */
  orientations?: NonNullable<Decision["query"]["orientations"]>;
  decision: Decision;
}

/**
 * Keeps the hash of an upload. If it returns a revision, the upload is checked at that revision or later: rescans up to
 * it have not seen the upload.
 */
export type Keep = (upload: HashedUpload) => Promise<number | void> | number | void;

export interface WorkContext {
  link: Link;
  worker: string;
  node: ClusterNode;
  handles: Handles;
  check: CheckImageOptions;
  checkVideo: CheckVideoOptions;
  maxDeliveries: number;
  jobSeconds: number;
  retrySeconds: number;
  heartbeatMilliseconds: number;
  /** Ends the job: it goes back into the queue at once. */
  stop: AbortSignal;
  keep: Keep | undefined;
  hook: ((step: "before-result" | "after-result", id: string) => Promise<void> | void) | undefined;
  event: EventListener;
}

/** What became of a delivery. */
export type Delivered = "done" | "dead" | "retry" | "duplicate" | "returned";

/** Errors that come again with the same upload. All others are tried again. */
const hopeless = new Set<string | number | undefined>([
  "ERR_EMPREINTE_EMPTY",
  "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
  "ERR_EMPREINTE_CORRUPT",
  "ERR_EMPREINTE_LIMIT",
  "ERR_EMPREINTE_VIDEO_NO_FRAMES",
  "ERR_EMPREINTE_CLUSTER_MESSAGE",
  "ERR_EMPREINTE_FETCH_URL",
  "ERR_EMPREINTE_FETCH_ADDRESS",
  "ERR_EMPREINTE_FETCH_LIMIT",
  "ERR_EMPREINTE_FETCH_ENCODING",
]);
const isHopeless = (error: unknown): boolean => error instanceof HopelessError || hopeless.has(codeOf(error));

const longestRetry = 300;

/** Does one job. It never throws: what fails is reported, and the job comes again or becomes a dead letter. */
export async function work(context: WorkContext, message: Delivery): Promise<Delivered> {
  const { event, stop, retrySeconds } = context;
  const start = performance.now();
  const alive = setInterval(() => message.working(), context.heartbeatMilliseconds);
  const { deliveries } = message;
  let id = `message-${message.sequence}`;
  try {
    const job = parse(message);
    if (job instanceof ClusterError) return await bury(context, message, { id, job: undefined, error: job, start });
    ({ id } = job);
    return await attempt(context, message, job, start);
  } catch (error) {
    // NATS did not take the result, or the worker ends.
    const seconds = stop.aborted ? 0 : Math.min(longestRetry, retrySeconds * 2 ** (deliveries - 1));
    message.giveBack(1000 * seconds);
    if (stop.aborted) return "returned";
    event({ type: "job-retry", id, deliveries, seconds, reason: shortened(reasonOf(error)) });
    return "retry";
  } finally {
    clearInterval(alive);
  }
}

function parse(message: Delivery): Job | ClusterError {
  try {
    return readJob(message.data);
  } catch (error) {
    if (error instanceof ClusterError) return error;
    throw error;
  }
}

async function attempt(context: WorkContext, message: Delivery, job: Job, start: number): Promise<Delivered> {
  const { link, maxDeliveries, jobSeconds, stop, keep, hook, event } = context;
  const { deliveries } = message;
  const { id } = job;
  if (deliveries > 1 && (await hasResult(link, id))) {
    message.ack();
    event({ type: "job-duplicate", id });
    return "duplicate";
  }
  if (deliveries > maxDeliveries) {
    // The deliveries before have ended without a word: the job may kill its workers.
    const text = `No worker has finished the job in ${maxDeliveries} deliveries`;
    return bury(context, message, {
      id,
      job,
      error: new ClusterError("ERR_EMPREINTE_CLUSTER_DELIVERIES", text),
      start,
    });
  }
  const late = AbortSignal.timeout(1000 * jobSeconds);
  const signal = AbortSignal.any([stop, late]);
  let checked: { decision: Decision; revision: number };
  try {
    checked = await check(context, job, signal);
    const { query } = checked.decision;
    const { kind = "image" } = job;
    const least = await keep?.({ id, kind, ...hashed(query), decision: checked.decision });
    if (typeof least === "number" && least > checked.revision) {
      checked = await check(context, { ...job, atLeast: Math.max(least, job.atLeast ?? 0) }, signal);
    }
    stop.throwIfAborted();
  } catch (thrown) {
    stop.throwIfAborted();
    const text = `The job took more than ${jobSeconds} seconds`;
    const error = late.aborted ? new ClusterError("ERR_EMPREINTE_CLUSTER_DELIVERIES", text) : thrown;
    if (!isHopeless(error) && deliveries < maxDeliveries) throw error;
    return bury(context, message, { id, job, error, start });
  }
  await hook?.("before-result", id);
  const { decision, revision } = checked;
  const base = { id, worker: context.worker, revision, deliveries, time: Date.now(), took: performance.now() - start };
  return finish(context, message, { ...base, decision: withoutHashes(decision) });
}

const hashed = ({
  hash,
  quality,
  orientations,
}: Decision["query"]): Pick<HashedUpload, "hash" | "quality" | "orientations"> => ({
  hash,
  quality,
  ...(orientations && { orientations }),
});

/** Checks the upload, and waits while the node may not answer. */
async function check(
  { node, handles, check: given, checkVideo: givenForVideos }: WorkContext,
  { id, handle, kind, level, atLeast }: Job,
  signal: AbortSignal,
): Promise<{ decision: Decision; revision: number }> {
  for (;;) {
    signal.throwIfAborted();
    const upload = await handles.open(handle, signal);
    const wanted = atLeast === undefined ? {} : { atLeast, waitSeconds: 10 };
    const options = { name: `upload ${id}`, signal, ...(level && { level }), ...wanted };
    const { value, revision, incomplete } =
      kind === "video"
        ? await node.checkVideo(upload as Parameters<ClusterNode["checkVideo"]>[0], { ...givenForVideos, ...options })
        : await node.checkImage(upload, { ...given, ...options });
    if (value !== undefined) return { decision: value, revision };
    if (incomplete !== "lease") {
      const text = `The node does not answer at revision ${atLeast ?? revision}: ${incomplete}`;
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_BEHIND", text);
    }
    while (node.incomplete === "lease" && !signal.aborted) await pause(100, signal);
  }
}

/** Stores a result, and then acknowledges the job. */
async function finish(context: WorkContext, message: Delivery, result: JobResult): Promise<Delivered> {
  const { id, deliveries } = result;
  const stored = await patiently(context, () => storeResult(context.link, result));
  await context.hook?.("after-result", id);
  message.ack();
  context.event(stored ? { type: "job-done", id, deliveries } : { type: "job-duplicate", id });
  return stored ? "done" : "duplicate";
}

interface Buried {
  id: string;
  job: Job | undefined;
  error: unknown;
  start: number;
}

/** Writes a dead letter, then the result that says so, and takes the job out of the queue. */
async function bury(context: WorkContext, message: Delivery, { id, job, error, start }: Buried): Promise<Delivered> {
  const { link, worker, node, event } = context;
  const { deliveries } = message;
  const failure: JobFailure = { code: String(codeOf(error) ?? "unknown"), reason: shortened(reasonOf(error)) };
  const letter: DeadLetter = { id, job, worker, deliveries, time: Date.now(), ...failure };
  await patiently(context, () => storeLetter(link, letter));
  if (job !== undefined) {
    const base = {
      id,
      worker,
      revision: node.revision,
      deliveries,
      time: letter.time,
      took: performance.now() - start,
    };
    await patiently(context, () => storeResult(link, { ...base, failure }));
  }
  message.drop();
  event({ type: "job-dead", id, ...failure });
  return "dead";
}

/** Writes to NATS until it takes the message, or the worker ends. A result in hand is worth waiting for. */
async function patiently<T>({ stop, event }: WorkContext, store: () => Promise<T>): Promise<T> {
  const backoff = new Backoff(100, 5000);
  for (;;) {
    stop.throwIfAborted();
    try {
      return await store();
    } catch (error) {
      event({ type: "retry", step: "store a result", reason: reasonOf(error) });
      await backoff.wait(stop);
    }
  }
}
