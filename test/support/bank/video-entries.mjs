// Videos for the tests of banks: 90 frames a video, the same for the same number everywhere. A tenth of the frames is
// black.
import { createHash } from "node:crypto";

const frames = 90;
const hashOf = (number, frame) => createHash("sha256").update(`film ${number} ${frame}`).digest("hex");
const isBlack = (frame) => frame % 10 === 9;

export function videoOf(number) {
  const signals = Array.from({ length: frames }, (_, frame) => ({
    type: "vpdq",
    value: hashOf(number, frame),
    quality: isBlack(frame) ? 10 : 90,
    frame,
    // Times that no other video has.
    timestampSeconds: frames * number + frame + 0.123457,
  }));
  return { id: `film-${number}`, cases: [`case ${number}`], signals };
}

export const hashesOfVideo = (number) => videoOf(number).signals.map(({ value }) => value);

/** The seconds of a video's frames as a store writes them. */
export const timesOfVideo = (number) =>
  videoOf(number).signals.map(({ timestampSeconds }) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(timestampSeconds);
    return bytes;
  });

/** A signature of 30 seconds of a video, which a check finds. */
export function clipOf(number) {
  const all = videoOf(number).signals.slice(20, 50);
  return {
    sampling: { fps: 1 },
    frames: all.map(({ value: hash, quality }, i) => {
      return { number: i, timestampSeconds: i, lastTimestampSeconds: i, hash, quality, stable: true };
    }),
    durationSeconds: 30,
    frameRate: 25,
    width: 640,
    height: 360,
    frameCount: 750,
    partial: false,
  };
}
