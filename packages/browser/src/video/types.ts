import type { Orientation } from "../results.js";

/** Options of a video, checked. */
export interface VideoSettings {
  /** The seconds between two frames. */
  every: number;
  orientations: boolean;
  maxBytes: number;
  /** Most frames that are hashed. */
  maxFrames: number;
}

/** A frame of a video. */
export interface FrameHash {
  /** The time of the frame in seconds from the start. */
  timestampSeconds: number;
  hash: string;
  quality: number;
  stable: boolean;
  orientations?: Record<Orientation, string>;
}

/** The hashes of a video's frames. */
export interface VideoHash {
  frames: FrameHash[];
  /** The duration in seconds. */
  duration: number;
  /** Pixels as they are stored. */
  width: number;
  /** Pixels as they are stored. */
  height: number;
  /** The name of the codec, such as `"avc"`. */
  codec: string;
  /** The decoder is the browser's or the device's, so a hash may differ by some bits from that of another device. */
  decoder: "platform";
}
