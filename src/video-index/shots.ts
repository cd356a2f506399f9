import { hashDistance } from "../hash/value.js";
import { type SmallImage, smallPicture } from "../views/small-image.js";
import type { VideoFrame } from "../video/frame.js";
import type { FrameWatcher } from "../video/hash-video.js";
import type { SignatureFrame } from "../video/signature.js";

/** Seconds from one kept frame to the next: one a second of a list is met an eighth of a second off at most. */
export const keptSeconds = 0.25;
/** Kept frames of which a shot has most: a longer one is taken as several. */
const mostFrames = 64;
/** Bits by which the hash jumps between two frames of different shots, which are so many seconds apart at most. */
const [cutBits, cutSeconds] = [60, 0.2];

/** A frame as it was hashed, and a small copy of it. */
export interface KeptFrame {
  plain: SignatureFrame;
  small: SmallImage;
}

/** Keeps small copies of some of a video's frames, until their shot has ended. */
export class ShotFrames implements FrameWatcher {
  readonly #take: (shot: KeptFrame[]) => Promise<void>;
  readonly #coming = new Map<number, SmallImage>();
  #due = -Infinity;
  #shot: KeptFrame[] = [];
  #last: SignatureFrame | undefined;

  constructor(take: (shot: KeptFrame[]) => Promise<void>) {
    this.#take = take;
  }

  frame(frame: VideoFrame): void {
    if (frame.timestampSeconds < this.#due) return;
    const small = smallPicture(frame);
    if (small === undefined) return;
    this.#due = frame.timestampSeconds + keptSeconds - 1e-6;
    this.#coming.set(frame.number, small);
  }

  async hashed(plain: SignatureFrame): Promise<void> {
    const small = this.#coming.get(plain.number);
    this.#coming.delete(plain.number);
    if (this.#shot.length === mostFrames || isCut(this.#last, plain)) await this.end();
    this.#last = plain;
    if (small !== undefined) this.#shot.push({ plain, small });
  }

  /** The video has ended, or a shot of it. */
  async end(): Promise<void> {
    const shot = this.#shot;
    this.#shot = [];
    if (shot.length > 0) await this.#take(shot);
  }
}

/** Of frames that are further apart nobody knows; the hashes of black ones are noise. */
function isCut(before: SignatureFrame | undefined, now: SignatureFrame): boolean {
  if (before === undefined || !before.stable || !now.stable) return false;
  if (now.timestampSeconds - before.timestampSeconds > cutSeconds) return false;
  return hashDistance(before.hash, now.hash) > cutBits;
}
