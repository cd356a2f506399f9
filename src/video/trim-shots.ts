import { hashDistance } from "../hash/value.js";
import type { VideoFrame } from "./frame.js";
import { FrameRegions, leastPixels } from "./frame-region.js";
import type { FrameRegion, SignatureFrame, TrimmedFrame } from "./signature.js";

/** How many frames wait for the decision about their shot, and how many bytes they may take together. */
const mostWaiting = 8;
const mostBytes = 2 ** 26;
/** How many of them the detectors inspect. */
const mostInspected = 4;
/**
 * A shot ends where the hash changes by more bits than this. Unrelated images are about 128 bits apart, neighbours in a
 * moving shot 10 to 40.
 */
const cutBits = 60;

/** Hashes a region of a frame, given in pixels. The frame's memory must not change meanwhile. */
export type HashRegion = (
  frame: VideoFrame,
  at: { left: number; top: number; width: number; height: number },
) => Promise<Omit<TrimmedFrame, "region">>;

interface Waiting {
  frame: VideoFrame;
  plain: SignatureFrame;
}

/** Some of the frames, evenly spread, the first and the last among them. */
function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]!);
}

/**
 * Adds to frames the hash of the content inside a border, bars or another image. The first frames of a shot wait as
 * copies until one region is chosen for the whole shot. The other frames are hashed as they arrive. A shot ends where
 * the hash of the whole frame changes abruptly, or that of the region, because a thick border hides changes.
 */
export class TrimShots {
  readonly #hashRegion: HashRegion;
  readonly #regions = new FrameRegions();
  #waiting: Waiting[] = [];
  #bytes = 0;
  /** The decision about the current shot; undefined before it. */
  #decided: { region: FrameRegion | undefined } | undefined;
  #last: SignatureFrame | undefined;
  #size = "";

  constructor(hashRegion: HashRegion) {
    this.#hashRegion = hashRegion;
  }

  /** Takes a frame with its plain hash. Returns the frames that are complete, in their order. */
  async take(frame: VideoFrame, plain: SignatureFrame): Promise<SignatureFrame[]> {
    const done: SignatureFrame[] = [];
    const size = `${frame.width}×${frame.height}×${frame.channels}`;
    if (size !== this.#size) {
      done.push(...(await this.end()));
      this.#size = size;
    } else if (jumps(this.#last, plain)) {
      done.push(...(await this.end()));
    }
    if (this.#decided !== undefined) {
      const hashed = await this.#hashed(frame, plain, this.#decided.region);
      if (!jumps(this.#last?.trimmed, hashed.trimmed)) {
        this.#last = hashed;
        return [...done, hashed];
      }
      await this.end();
    }
    this.#last = plain;
    this.#waiting.push({ frame: { ...frame, data: Uint8Array.from(frame.data) }, plain });
    this.#bytes += frame.data.length;
    if (this.#waiting.length >= mostWaiting || this.#bytes + frame.data.length > mostBytes) {
      done.push(...(await this.#decide()));
    }
    return done;
  }

  /** Ends the shot. Returns its frames that still waited. */
  async end(): Promise<SignatureFrame[]> {
    const done = this.#waiting.length > 0 ? await this.#decide() : [];
    this.#decided = undefined;
    this.#last = undefined;
    return done;
  }

  async #decide(): Promise<SignatureFrame[]> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const region = this.#regions.choose(spread(waiting, mostInspected).map(({ frame }) => frame));
    this.#decided = { region };
    const done: SignatureFrame[] = [];
    for (const { frame, plain } of waiting) done.push(await this.#hashed(frame, plain, region));
    this.#last = done.at(-1);
    return done;
  }

  async #hashed(frame: VideoFrame, plain: SignatureFrame, wanted: FrameRegion | undefined): Promise<SignatureFrame> {
    if (wanted === undefined) return plain;
    // A video is put into a frame at whole pixels.
    const [left, right] = [Math.round(wanted.left * frame.width), Math.round(wanted.right * frame.width)];
    const [top, bottom] = [Math.round(wanted.top * frame.height), Math.round(wanted.bottom * frame.height)];
    const [width, height] = [right - left, bottom - top];
    if (width < leastPixels - 1 || height < leastPixels - 1) return plain;
    const region = {
      left: left / frame.width,
      top: top / frame.height,
      right: right / frame.width,
      bottom: bottom / frame.height,
    };
    return { ...plain, trimmed: { ...(await this.#hashRegion(frame, { left, top, width, height })), region } };
  }
}

interface Hashed {
  hash: string;
  stable: boolean;
}

/** The hashes of black frames are noise and do not show a cut. */
function jumps(before: Hashed | undefined, now: Hashed | undefined): boolean {
  return before !== undefined && now !== undefined && before.stable && now.stable
    ? hashDistance(before.hash, now.hash) > cutBits
    : false;
}
