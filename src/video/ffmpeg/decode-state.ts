import type { FrameLine } from "./stderr-report.js";

/** What is known of a video while it is decoded. */
export interface DecodeState {
  /** The number of frames decoded so far, including those that are not written out. */
  frames: number;
  /** The time of the last decoded frame in seconds. */
  seconds: number;
  /** The duration that the container states. */
  durationSeconds: number | undefined;
  /** The average frames a second that the container states. */
  frameRate: number | undefined;
  /** The width of the first frame in pixels. */
  width: number;
  /** The height of the first frame in pixels. */
  height: number;
  /** The number of video streams, without cover images. */
  streamCount: number;
}

export function newState(): DecodeState {
  return {
    frames: 0,
    seconds: 0,
    durationSeconds: undefined,
    frameRate: undefined,
    width: 0,
    height: 0,
    streamCount: 1,
  };
}

/** A frame that ffmpeg has announced on standard error, before its samples arrive on standard output. */
export interface AnnouncedFrame {
  number: number;
  timestampSeconds: number;
  width: number;
  height: number;
  /** Whether its samples have the full range 0 … 255. */
  fullRange: boolean;
}

/** Numbers a frame and gives it a time that never goes back, whatever the file says. */
export function announce(line: FrameLine, state: DecodeState): AnnouncedFrame {
  const number = state.frames++;
  const guess = number === 0 ? 0 : state.seconds + 1 / (state.frameRate ?? 25);
  state.seconds = Math.max(state.seconds, line.seconds ?? guess);
  if (number === 0) Object.assign(state, { width: line.width, height: line.height });
  const { width, height, fullRange } = line;
  return { number, timestampSeconds: state.seconds, width, height, fullRange };
}
