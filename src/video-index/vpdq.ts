import { InvalidArgumentError } from "../errors.js";
import type { VideoSignature } from "../video/signature.js";
import type { VpdqFrame } from "../video/vpdq/text.js";

/** Frames a second from which a signature is taken as one of every frame. */
const dense = 5;

/**
 * A signature from vPDQ features, for a `VideoIndex`. What the text does not say is taken from the times: how often the
 * video was looked at, and that it ends one step after the last frame. A frame has no mark that it is stable there: all are
 * taken to be.
 * @throws {InvalidArgumentError} without a frame.
 *
 * @example
 * index.add("known", signatureFromVpdq(readVpdq(await readFile("known.txt", "utf8"))));
 */
export function signatureFromVpdq(features: Iterable<VpdqFrame>): VideoSignature {
  const frames = [...features].toSorted((a, b) => a.timestampSeconds - b.timestampSeconds);
  const last = frames.at(-1);
  if (last === undefined) throw new InvalidArgumentError("Expected at least one vPDQ feature");
  const gaps = frames.slice(1).map((next, i) => next.timestampSeconds - frames[i]!.timestampSeconds);
  const gap = gaps.filter((seconds) => seconds > 0).toSorted((a, b) => a - b)[gaps.length >> 1] ?? 1;
  // Numbers count the decoded frames, unless the form has none.
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
