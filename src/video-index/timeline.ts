import { integer, invalidArgument } from "../check.js";
import { InvalidArgumentError } from "../errors.js";
import type { Orientation } from "../hash/orientations.js";
import { hashToBytes } from "../hash/value.js";
import type { Timeline } from "../search/align.js";
import type { Sampling, SignatureFrame, VideoSignature } from "../video/signature.js";

/** A video that is looked for. */
export type Query = Timeline & {
  /** 0 … 1 for each hash: what it is worth where only a part of both videos matches. */
  partialWeights: Float32Array;
};

/** Up to here a picture is worth all, from there on little: between what a camera saw and what is drawn. */
const [seen, drawn] = [50, 58];
const least = 0.15;

function worthOf(frame: SignatureFrame): number {
  const share = ((frame.drawn ?? 0) - seen) / (drawn - seen);
  return 1 - (1 - least) * Math.min(1, Math.max(0, share));
}

/** Frames as near as this to the first of a run look the same: one hash stands for them. */
const sameBits = 6;

const ones = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/** How many bits of hash `i` of one array and `j` of another differ. */
export function distanceBetween(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  let sum = 0;
  for (let byte = 0; byte < 32; byte++) sum += ones[a[32 * i + byte]! ^ b[32 * j + byte]!]!;
  return sum;
}

/** Seconds between two looks at the video. */
function spacingOf({ sampling, frameRate, frames }: VideoSignature): number {
  const frame = frameRate > 0 ? 1 / frameRate : 1 / 25;
  if (sampling === "all" || sampling === "adaptive") return frame;
  if (sampling !== "keyframes") return Math.max(frame, 1 / sampling.fps);
  const gaps = frames.slice(1).map((next, i) => next.timestampSeconds - frames[i]!.timestampSeconds);
  return Math.max(frame, gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 1);
}

/** What a hash, of a frame or of a part of it, comes with. */
function checkHashed({ quality, stable, drawn }: Pick<SignatureFrame, "quality" | "stable" | "drawn">): void {
  if (typeof quality !== "number") throw invalidArgument("quality", "number", quality);
  if (typeof stable !== "boolean") throw invalidArgument("stable", "boolean", stable);
  if (drawn !== undefined) integer("drawn", drawn, 0, 100);
}

function checkFrame(frame: SignatureFrame): void {
  const { timestampSeconds: from, lastTimestampSeconds: to, trimmed } = frame;
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw invalidArgument("timestampSeconds", "finite number", from);
  checkHashed(frame);
  if (trimmed === undefined) return;
  if (typeof trimmed !== "object" || trimmed === null) throw invalidArgument("trimmed", "object", trimmed);
  checkHashed(trimmed);
}

/** @throws {InvalidArgumentError} */
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

/** Times in order and of a life's length at most, as the aligner asks for them. */
export function isTimeline({ from, to, duration, spacing }: Timeline): boolean {
  if (!(duration >= 0 && duration < 1e9) || !(spacing > 0 && spacing < 1e6)) return false;
  return from.every((start, i) => {
    const end = to[i]!;
    return start >= (i > 0 ? from[i - 1]! : 0) && end >= Math.max(start, i > 0 ? to[i - 1]! : 0) && end < 1e9;
  });
}

/**
 * A signature as the native core takes it: frames of low quality and unstable ones left out, and those that look like the
 * one before taken together, as a run. `variant`: of the turned or mirrored frames, where the signature has them.
 * `trimmed`: of the frames without what lies around them, where there is something.
 * @throws {InvalidArgumentError} of times that no video has.
 */
export function timelineOf(
  signature: VideoSignature,
  minQuality: number,
  variant: Orientation | undefined,
  trimmed = false,
): Query {
  const frames = signature.frames
    .map((frame) => (trimmed && frame.trimmed !== undefined ? { ...frame, ...frame.trimmed } : frame))
    .filter(({ quality, stable }) => quality >= minQuality && stable)
    .toSorted((a, b) => a.timestampSeconds - b.timestampSeconds);
  const hashes = new Uint8Array(32 * frames.length);
  const from = new Float64Array(frames.length);
  const to = new Float64Array(frames.length);
  const best = new Float64Array(frames.length);
  const partialWeights = new Float32Array(frames.length);
  const spacing = spacingOf(signature);
  let count = 0;
  // The first hash of the run at hand: what the run's frames are compared with, though a better one may stand for it.
  let first = new Uint8Array(32);
  for (const frame of frames) {
    const text =
      variant === undefined || variant === "orig" ? frame.hash : (frame.orientations?.[variant] ?? frame.hash);
    const hash = hashToBytes(text);
    const start = Math.max(0, frame.timestampSeconds);
    const end = Math.max(start, frame.lastTimestampSeconds);
    const last = count - 1;
    const follows = count > 0 && spacing < 0.5 && start - to[last]! <= 2.5 * spacing;
    if (follows && distanceBetween(hash, 0, first, 0) <= sameBits) {
      to[last] = Math.max(to[last]!, end);
      if (frame.quality <= best[last]!) continue;
      hashes.set(hash, 32 * last);
      best[last] = frame.quality;
      partialWeights[last] = worthOf(frame);
      continue;
    }
    first = Uint8Array.from(hash);
    hashes.set(hash, 32 * count);
    from[count] = start;
    to[count] = count > 0 ? Math.max(end, to[last]!) : end;
    partialWeights[count] = worthOf(frame);
    best[count++] = frame.quality;
  }
  const duration = Math.max(signature.durationSeconds, count > 0 ? to[count - 1]! : 0);
  const query: Query = {
    hashes: hashes.slice(0, 32 * count),
    from: from.slice(0, count),
    to: to.slice(0, count),
    duration,
    spacing,
    partialWeights: partialWeights.slice(0, count),
  };
  if (isTimeline(query)) return query;
  throw new InvalidArgumentError("Expected times below 10⁹ s, and more than one frame in 10⁶ s, in the signature");
}
