import { hashDistance } from "../hash/value.js";
import type { VideoFrame } from "../video/frame.js";
import type { FrameWatcher } from "../video/hash-video.js";
import type { SignatureFrame } from "../video/signature.js";
import { type SmallImage, smallImage } from "../views/small-image.js";

/**
 * The seconds between kept frames. In a list of one frame a second the nearest is an eighth of a second away at most.
 */
export const keptSeconds = 0.25;
/** The most kept frames of a shot. A longer shot counts as several. */
const mostFrames = 64;
/** A shot ends where the hash changes by more bits between two frames that are at most this many seconds apart. */
const [cutBits, cutSeconds] = [60, 0.2];

/** A hashed frame with a small copy of its image. */
export interface KeptFrame {
  plain: SignatureFrame;
  image: SmallImage;
}

/** Keeps small copies of some of a video's frames until their shot has ended. */
export class ShotFrames implements FrameWatcher {
  readonly #onShot: (shot: KeptFrame[]) => Promise<void>;
  /** Copies of frames whose hashes have not arrived yet, by frame number. */
  readonly #copies = new Map<number, SmallImage>();
  /** The time from which the next frame is kept. */
  #due = -Infinity;
  #shot: KeptFrame[] = [];
  #last: SignatureFrame | undefined;

  constructor(onShot: (shot: KeptFrame[]) => Promise<void>) {
    this.#onShot = onShot;
  }

  frame(frame: VideoFrame): void {
    if (frame.timestampSeconds < this.#due) return;
    const image = smallImage(frame);
    if (image === undefined) return;
    this.#due = frame.timestampSeconds + keptSeconds - 1e-6;
    this.#copies.set(frame.number, image);
  }

  async hashed(plain: SignatureFrame): Promise<void> {
    const image = this.#copies.get(plain.number);
    this.#copies.delete(plain.number);
    if (this.#shot.length === mostFrames || isCut(this.#last, plain)) await this.end();
    this.#last = plain;
    if (image !== undefined) this.#shot.push({ plain, image });
  }

  /** Ends the current shot, at a cut or at the end of the video. */
  async end(): Promise<void> {
    const shot = this.#shot;
    this.#shot = [];
    if (shot.length > 0) await this.#onShot(shot);
  }
}

/** Frames further apart do not show a cut, nor do the hashes of black frames, which are noise. */
function isCut(before: SignatureFrame | undefined, now: SignatureFrame): boolean {
  if (before === undefined || !before.stable || !now.stable) return false;
  if (now.timestampSeconds - before.timestampSeconds > cutSeconds) return false;
  return hashDistance(before.hash, now.hash) > cutBits;
}
