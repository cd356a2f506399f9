import { integer, invalidArgument } from "../check.js";
import { InvalidArgumentError } from "../errors.js";
import type { Orientation, OrientationHashes } from "../hash/orientations.js";
import { bitCounts } from "../popcount.js";
import { hashToBytes } from "../hash/value.js";
import type { Timeline } from "../search/align.js";
import type { Sampling, SignatureFrame, TrimmedFrame, VideoSignature } from "../video/signature.js";

/** The timeline of a query. */
export type QueryTimeline = Timeline & {
  /** The weight of each hash, 0 … 1, in a segment that is only a part of both videos. */
  partialWeights: Float32Array;
  /** Which frame of the signature each hash is of: its place in `frames`, once these are sorted by time. */
  frames: Uint32Array;
};

/** The synthetic score up to which a frame has its full weight, and the score from which it has the least weight. */
const [cameraScore, syntheticScore] = [50, 58];
const leastWeight = 0.15;

function partialWeightOf(frame: Pick<SignatureFrame, "syntheticScore">): number {
  const share = ((frame.syntheticScore ?? 0) - cameraScore) / (syntheticScore - cameraScore);
  return 1 - (1 - leastWeight) * Math.min(1, Math.max(0, share));
}

/** Frames within this distance of the first frame of a run look the same, and one hash represents them. */
const sameBits = 6;

/** In how many bits hash `i` of one array and hash `j` of another differ. */
export function distanceBetween(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  let sum = 0;
  for (let byte = 0; byte < 32; byte++) sum += bitCounts[a[32 * i + byte]! ^ b[32 * j + byte]!]!;
  return sum;
}

/** The position of the first of ascending numbers that is at least `least`. */
export function firstAtLeast(ascending: Float64Array, least: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The seconds between two sampled frames. */
function spacingOf({ sampling, frameRate, frames }: VideoSignature): number {
  const frame = frameRate > 0 ? 1 / frameRate : 1 / 25;
  if (sampling === "all" || sampling === "adaptive") return frame;
  if (sampling !== "keyframes") return Math.max(frame, 1 / sampling.fps);
  const gaps = frames.slice(1).map((next, i) => next.timestampSeconds - frames[i]!.timestampSeconds);
  return Math.max(frame, gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 1);
}

/** Checks the fields that accompany the hash of a frame, or of a region of it. */
function checkHashed(frame: Pick<SignatureFrame, "quality" | "stable" | "syntheticScore">): void {
  const { quality, stable, syntheticScore } = frame;
  if (typeof quality !== "number") throw invalidArgument("quality", "number", quality);
  if (typeof stable !== "boolean") throw invalidArgument("stable", "boolean", stable);
  if (syntheticScore !== undefined) integer("syntheticScore", syntheticScore, 0, 100);
}

function checkFrame(frame: SignatureFrame): void {
  const { timestampSeconds: from, lastTimestampSeconds: to, trimmed } = frame;
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw invalidArgument("timestampSeconds", "finite number", from);
  checkHashed(frame);
  if (trimmed === undefined) return;
  if (typeof trimmed !== "object" || trimmed === null) throw invalidArgument("trimmed", "object", trimmed);
  checkHashed(trimmed);
}

/** Checks the shape of a signature. @throws {InvalidArgumentError} */
export function checkSignature(signature: VideoSignature): void {
  if (typeof signature !== "object" || signature === null || !Array.isArray(signature.frames)) {
    throw invalidArgument("signature", "result of hashVideo", signature);
  }
  const { durationSeconds, frameRate, sampling, frames } = signature;
  if (!Number.isFinite(durationSeconds) || durationSeconds < 0) {
    throw invalidArgument("durationSeconds", "number of at least 0", durationSeconds);
  }
  if (!Number.isFinite(frameRate)) throw invalidArgument("frameRate", "number", frameRate);
  const fps = (sampling as { fps?: unknown }).fps;
  if (!(["all", "keyframes", "adaptive"] as Sampling[]).includes(sampling) && !(typeof fps === "number" && fps > 0)) {
    throw invalidArgument("sampling", '{fps}, "all", "keyframes" or "adaptive"', sampling);
  }
  frames.forEach(checkFrame);
}

/** Returns whether times are in order and within the bounds that the aligner requires. */
export function isTimeline({ from, to, duration, spacing }: Timeline): boolean {
  if (!(duration >= 0 && duration < 1e9) || !(spacing > 0 && spacing < 1e6)) return false;
  return from.every((start, i) => {
    const end = to[i]!;
    return start >= (i > 0 ? from[i - 1]! : 0) && end >= Math.max(start, i > 0 ? to[i - 1]! : 0) && end < 1e9;
  });
}

/** The frames sorted by time. They mostly are already. */
export function inOrder<T extends Pick<SignatureFrame, "timestampSeconds">>(frames: readonly T[]): readonly T[] {
  const isSorted = frames.every((frame, i) => i === 0 || frames[i - 1]!.timestampSeconds <= frame.timestampSeconds);
  return isSorted ? frames : frames.toSorted((a, b) => a.timestampSeconds - b.timestampSeconds);
}

const noOrientations: Partial<OrientationHashes> = {};
const plainHex = /^[0-9a-f]{64}$/i;

/** Writes a hash to its place. Nearly all are plain hex digits, which the general parser reads much more slowly. */
function writeHash(bytes: Buffer, at: number, hash: string): void {
  if (typeof hash === "string" && plainHex.test(hash)) bytes.write(hash, at, "hex");
  else bytes.set(hashToBytes(hash), at);
}

/**
 * Turns a signature into the arrays that the aligner takes. Frames of low quality and unstable frames are left out.
 * Successive frames that look the same become one run. `orientation` selects which of the frames' hashes are taken,
 * where the signature has them. `trimmed` selects the hashes of the frames' content without its surroundings, where
 * they exist.
 * @throws {InvalidArgumentError} The signature has times that no video can have.
 */
export function timelineOf(
  signature: VideoSignature,
  minQuality: number,
  orientation: Orientation | undefined,
  trimmed = false,
): QueryTimeline {
  const sorted = inOrder(signature.frames);
  const shown = (frame: SignatureFrame): SignatureFrame | TrimmedFrame => (trimmed && frame.trimmed) || frame;
  const isKept = (frame: SignatureFrame): boolean => shown(frame).quality >= minQuality && shown(frame).stable;
  const most = sorted.reduce((sum, frame) => sum + Number(isKept(frame)), 0);
  const hashes = new Uint8Array(32 * most);
  const bytes = Buffer.from(hashes.buffer);
  const [from, to, best] = [new Float64Array(most), new Float64Array(most), new Float64Array(most)];
  const partialWeights = new Float32Array(most);
  const places = new Uint32Array(most);
  const spacing = spacingOf(signature);
  let count = 0;
  // The first hash of the current run. Its frames are compared with this one, even if a better hash represents the run.
  const first = new Uint8Array(32);
  for (const [place, frame] of sorted.entries()) {
    if (!isKept(frame)) continue;
    const one = shown(frame);
    const { [orientation ?? "orig"]: other } = one.orientations ?? frame.orientations ?? noOrientations;
    writeHash(bytes, 32 * count, orientation === undefined || orientation === "orig" ? one.hash : (other ?? one.hash));
    const start = Math.max(0, frame.timestampSeconds);
    const end = Math.max(start, frame.lastTimestampSeconds);
    const last = count - 1;
    const follows = count > 0 && spacing < 0.5 && start - to[last]! <= 2.5 * spacing;
    if (follows && distanceBetween(hashes, count, first, 0) <= sameBits) {
      to[last] = Math.max(to[last]!, end);
      if (one.quality <= best[last]!) continue;
      hashes.copyWithin(32 * last, 32 * count, 32 * count + 32);
      best[last] = one.quality;
      partialWeights[last] = partialWeightOf(one);
      places[last] = place;
      continue;
    }
    first.set(hashes.subarray(32 * count, 32 * count + 32));
    from[count] = start;
    to[count] = count > 0 ? Math.max(end, to[last]!) : end;
    partialWeights[count] = partialWeightOf(one);
    places[count] = place;
    best[count++] = one.quality;
  }
  const duration = Math.max(signature.durationSeconds, count > 0 ? to[count - 1]! : 0);
  const query: QueryTimeline = {
    hashes: hashes.slice(0, 32 * count),
    from: from.slice(0, count),
    to: to.slice(0, count),
    duration,
    spacing,
    partialWeights: partialWeights.slice(0, count),
    frames: places.slice(0, count),
  };
  if (isTimeline(query)) return query;
  throw new InvalidArgumentError("Expected times below 10⁹ s, and more than one frame in 10⁶ s, in the signature");
}
