/** What a check of a video looks up: the video hashed, and what of it is near the signals of a store. */
import { createHash } from "node:crypto";
import { integer, invalidArgument, isBytes } from "../../check.js";
import { hashToHex } from "../../hash/value.js";
import { Digester, digestFile, digestTypes, type FileDigests } from "../../image/input/digest.js";
import { leastQuality } from "../../thresholds.js";
import type { VideoSignature } from "../../video/signature.js";
import type { VideoInput } from "../../video/source.js";
import { checkVideoSearch } from "../../video-index/search-options.js";
import { checkSearchVideo, hashForSearch, type WatchedVideo } from "../../video-index/search-video.js";
import { checkSignature } from "../../video-index/timeline.js";
import type { DecisionContext } from "../decision/context.js";
import type { Bank } from "../decision/policy.js";
import type { CheckQuery } from "../decision/query.js";
import type { QueryVideo } from "../decision/query-video.js";
import { findFrames } from "./find-frames.js";
import { findVideos, type SearchedUpload } from "./find-videos.js";
import { KnownVideos } from "./known-videos.js";
import type { CheckVideoOptions } from "./options.js";

/** A search begins anew where a policy changed meanwhile, so often at most. */
const mostSearches = 3;

function isSignature(input: VideoInput | VideoSignature): input is VideoSignature {
  return typeof input === "object" && input !== null && "frames" in input && "durationSeconds" in input;
}

/** Checks a signature, and sorts its frames by time. @throws {InvalidArgumentError} @throws {InvalidHashError} */
function checkedSignature(signature: VideoSignature): VideoSignature {
  checkSignature(signature);
  for (const { hash, quality, trimmed } of signature.frames) {
    hashToHex(hash);
    integer("quality", quality, 0, 100);
    if (trimmed === undefined) continue;
    hashToHex(trimmed.hash);
    integer("quality", trimmed.quality, 0, 100);
  }
  return { ...signature, frames: signature.frames.toSorted((a, b) => a.timestampSeconds - b.timestampSeconds) };
}

/** The digests that an input has by itself, as a function that is called once the video is hashed. */
function digestsOf(
  input: VideoInput | VideoSignature,
  given: CheckVideoOptions["digests"],
  signal: AbortSignal | undefined,
): () => Promise<FileDigests | undefined> {
  if (typeof given === "function") return given;
  if (given !== undefined) {
    if (typeof given !== "object" || given === null) throw invalidArgument("digests", "{md5, sha1, sha256}", given);
    return async () => given;
  }
  if (typeof input === "string" || input instanceof URL) return () => digestFile(input, signal ? { signal } : {});
  if (!isBytes(input) && !(input instanceof ArrayBuffer)) return async () => undefined;
  const digester = new Digester(digestTypes);
  digester.update(isBytes(input) ? input : new Uint8Array(input));
  const digests = digester.finish();
  return async () => digests;
}

/** Hashes a video, and chooses views of its shots among the videos of all banks. */
async function watch(
  context: DecisionContext,
  input: VideoInput | VideoSignature,
  options: Omit<CheckVideoOptions, "digests">,
): Promise<WatchedVideo> {
  const checked = checkSearchVideo(options);
  if (isSignature(input)) return { signature: checkedSignature(input), views: { frames: [], views: [] } };
  const time = Date.now();
  const known = new KnownVideos(context, leastQuality, (number, snapshot) => {
    const entry = snapshot.entry(number);
    return entry !== undefined && (entry.disabledUntil === null || entry.disabledUntil <= time);
  });
  const { signal } = options;
  return hashForSearch(input, checked, known.searchContext(checkVideoSearch(signal ? { signal } : {})));
}

/** Returns the text by which a video is sampled and counted: the same for a file and for its signature. */
function keyOf({ frames }: VideoSignature): string {
  const digest = createHash("sha256");
  for (const { hash } of frames) digest.update(hashToHex(hash));
  return digest.digest("hex");
}

/** Searches an upload by the policies as they are, and again where they changed meanwhile. */
async function searched(context: DecisionContext, upload: SearchedUpload, empty: QueryVideo): Promise<QueryVideo> {
  const readBanks = (): Map<number, Bank> => context.read((snapshot) => structuredClone(snapshot.banks()));
  const textOf = (banks: ReadonlyMap<number, Bank>): string => JSON.stringify([...banks]);
  for (let tries = 1; ; tries++) {
    const banks = readBanks();
    const videos = await findVideos(context, banks, upload);
    const video = { ...empty, videos };
    const frames = await findFrames(context, banks, upload, video);
    if (tries === mostSearches || textOf(banks) === textOf(readBanks())) return { ...video, frames };
  }
}

/** Hashes and searches a video, and answers what a decision about it looks up. See `Matcher.checkVideo`. */
export async function queryOfVideo(
  context: DecisionContext,
  input: VideoInput | VideoSignature,
  { digests: given, ...options }: CheckVideoOptions,
): Promise<CheckQuery> {
  const { signal } = options;
  const digests = digestsOf(input, given, signal);
  const watched = await watch(context, input, options);
  const { frames, durationSeconds, problem, streamCount } = watched.signature;
  const key = keyOf(watched.signature);
  const more = { ...(problem !== undefined && { problem }), ...(streamCount !== undefined && { streamCount }) };
  const about = { key, durationSeconds, frameCount: frames.length, ...more };
  const empty: QueryVideo = { ...about, frames: [], videos: [] };
  const known = await digests();
  const video = await searched(context, { watched, key, time: Date.now(), signal }, empty);
  const quality = Math.max(0, ...frames.map((frame) => (frame.stable ? frame.quality : 0)));
  return { quality, video, ...(known && { digests: known }) };
}
