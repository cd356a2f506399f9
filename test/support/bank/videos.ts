/** Videos in banks: entries made of signatures, and the same videos in a `VideoIndex` as the peer. */
import type { EntryInput } from "../../../dist/doors/bank.js";
import { signatureFromVpdq, VideoIndex, type VideoSignature } from "../../../dist/doors/video.js";

/** The signals of a video, with their times. */
export function signalsOf({ frames }: VideoSignature): NonNullable<EntryInput["signals"]> {
  return frames.map(({ hash: value, quality, number: frame, timestampSeconds }) => {
    return { type: "vpdq", value, quality, frame, timestampSeconds };
  });
}

/** A `VideoIndex` with the same videos, as a list has them. */
export function indexOf(videos: Readonly<Record<string, VideoSignature>>): VideoIndex {
  const index = new VideoIndex();
  for (const [id, { frames }] of Object.entries(videos)) index.add(id, signatureFromVpdq(frames));
  return index;
}

/** A signature as a player shows it that mirrors videos: its hashes are orientations of another video's. */
export function turned(
  signature: VideoSignature,
  orientation: "flipX" | "rot90",
  other: VideoSignature,
): VideoSignature {
  const names = ["orig", "rot90", "rot180", "rot270", "flipX", "flipY", "flipPlus1", "flipMinus1"] as const;
  const frames = signature.frames.map((frame, i) => {
    const hash = other.frames[i]!.hash;
    const orientations = Object.fromEntries(names.map((name) => [name, name === orientation ? frame.hash : hash]));
    return { ...frame, hash, orientations: orientations as NonNullable<typeof frame.orientations> };
  });
  return { ...signature, frames };
}
