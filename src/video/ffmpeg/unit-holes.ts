import { onAbort } from "../../on-abort.js";
import { hasHole } from "../../image/checks/heic.js";
import type { VideoLimits } from "../../limits.js";
import { endChild, startChild } from "../../processes/child-process.js";
import type { OpenVideo } from "../input.js";
import { childFile, unitArguments } from "./arguments.js";
import { decodeConfinement } from "./decode-confinement.js";
import type { Decoder } from "./find-ffmpeg.js";

/** Units of HEVC have their length before them, in four bytes in all files but those of odd writers. */
const lengthBytes = 4;

/** A longer unit is none: the lengths have other bytes, or the file has start codes instead. */
const mostUnitBytes = 2 ** 26;

/** Types below 32 are parts of a frame. */
const isSlice = (unit: Buffer): boolean => unit[0]! >> 1 < 32;

/** Looks for holes in units, piece by piece. */
export class UnitHoles {
  #rest: Buffer = Buffer.alloc(0);
  #lost = false;

  /** Returns whether a unit that is whole now has a hole. Where the units cannot be followed, nothing is known of the rest. */
  feed(piece: Buffer): boolean {
    if (this.#lost) return false;
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    while (at + lengthBytes <= this.#rest.length) {
      const length = this.#rest.readUInt32BE(at);
      this.#lost = length < 2 || length > mostUnitBytes;
      const end = at + lengthBytes + length;
      if (this.#lost || end > this.#rest.length) break;
      const unit = this.#rest.subarray(at + lengthBytes, end);
      if (isSlice(unit) && hasHole(unit)) return true;
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
    return false;
  }
}

/**
 * Returns whether parts of the HEVC data of an MP4 or Matroska file were overwritten with zeros. The decoder makes blocks of
 * zeros and reports nothing, but no encoder writes three of them in a row. The file is read once more, and not decoded.
 * @throws The signal's reason.
 */
export async function hasUnitHoles(
  video: OpenVideo,
  decoder: Decoder,
  { limits, stream }: { limits: Required<VideoLimits>; stream: number },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  signal?.throwIfAborted();
  const args = unitArguments({ format: video.format, file: childFile(video), stream });
  const confinement = decodeConfinement(decoder, limits, 1);
  const child = startChild(decoder.path, args, { file: video.fd, confinement });
  const stop = (): void => child.kill();
  const timer = setTimeout(stop, Math.min(1000 * limits.maxSeconds, 2 ** 31 - 1));
  const forget = onAbort(signal, stop);
  child.stderr.resume();
  const holes = new UnitHoles();
  try {
    for await (const piece of child.stdout) if (holes.feed(piece as Buffer)) return true;
    return false;
  } finally {
    clearTimeout(timer);
    forget();
    await endChild(child);
    signal?.throwIfAborted();
  }
}
