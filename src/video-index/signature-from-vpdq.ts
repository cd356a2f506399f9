import { InvalidArgumentError } from "../errors.js";
import type { VideoSignature } from "../video/signature.js";
import { checkFrames, type VpdqFrame } from "../video/vpdq/frames.js";
import { inOrder } from "./timeline.js";

/** From this many frames a second on, a signature counts as one of every frame. */
const dense = 5;

/**
 * Makes a signature from vPDQ features, for a `VideoIndex`. The text does not state the sampling and the duration, so
 * the times give them: the video ends one step after the last frame. The text does not state which frames are stable
 * either, so all count as stable.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: there is no feature, or a field of one is of the
 * wrong kind.
 * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`: the hash of a feature is malformed.
 *
 * @example
 * index.add("known", signatureFromVpdq(readVpdq(await readFile("known.txt", "utf8"))));
 */
export function signatureFromVpdq(features: Iterable<VpdqFrame>): VideoSignature {
  return signatureOfFrames(checkFrames("features", features));
}

/** Makes a signature from frames that are checked. @throws {InvalidArgumentError} There is no frame. */
export function signatureOfFrames(checked: readonly VpdqFrame[]): VideoSignature {
  const frames = inOrder(checked);
  const last = frames.at(-1);
  if (last === undefined) throw new InvalidArgumentError("Expected at least one vPDQ feature");
  const gaps = Float64Array.from(frames.slice(1), (next, i) => next.timestampSeconds - frames[i]!.timestampSeconds);
  const gap = gaps.filter((seconds) => seconds > 0).sort()[gaps.length >> 1] ?? 1;
  // Frame numbers count the decoded frames, except in the form without numbers.
  const rate = last.timestampSeconds > 0 ? last.number / last.timestampSeconds : 0;
  return {
    sampling: 1 / gap >= dense ? "all" : { fps: 1 / gap },
    compat: "vpdq",
    frames: frames.map(({ number, timestampSeconds, hash, quality }) => {
      return { number, timestampSeconds, lastTimestampSeconds: timestampSeconds, hash, quality, stable: true };
    }),
    durationSeconds: last.timestampSeconds + gap,
    frameRate: Math.max(1 / gap, rate),
    width: 0,
    height: 0,
    frameCount: last.number + 1,
    partial: false,
  };
}
