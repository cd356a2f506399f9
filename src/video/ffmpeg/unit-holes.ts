import { onAbort } from "../../on-abort.js";
import { hasHole } from "../../image/checks/heic.js";
import { LimitError, VideoError } from "../../errors.js";
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
  /** What has arrived of the unit that is not whole. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** How many bytes the unit that is not whole has with its length, as far as that is known. */
  #needed = lengthBytes;
  #lost = false;

  /**
   * Returns whether a unit that is whole now has a hole. If the units cannot be followed, nothing is known of the rest.
   */
  feed(piece: Buffer): boolean {
    if (this.#lost) return false;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    // A long unit comes in thousands of pieces, which are joined once.
    if (this.#bytes < this.#needed) return false;
    const all = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
    let at = 0;
    this.#needed = lengthBytes;
    while (at + lengthBytes <= all.length) {
      const length = all.readUInt32BE(at);
      this.#lost = length < 2 || length > mostUnitBytes;
      this.#needed = lengthBytes + length;
      const end = at + this.#needed;
      if (this.#lost || end > all.length) break;
      const unit = all.subarray(at + lengthBytes, end);
      if (isSlice(unit) && hasHole(unit)) return true;
      at = end;
      this.#needed = lengthBytes;
    }
    this.#pieces = [all.subarray(at)];
    this.#bytes = all.length - at;
    return false;
  }
}

/**
 * Returns whether parts of the HEVC data of an MP4 or Matroska file were overwritten with zeros. The decoder makes
 * blocks of zeros and reports nothing, but no encoder writes three of them in a row. The file is read once more, and
 * not decoded.
 * @throws The signal's reason.
 * @throws {LimitError} if that takes more than `maxSeconds`.
 * @throws {VideoError} ERR_EMPREINTE_VIDEO_CHILD where ffmpeg does not read the file to its end.
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
  let isLate = false;
  const stop = (): void => {
    isLate = true;
    child.kill();
  };
  const timer = setTimeout(stop, Math.min(1000 * limits.maxSeconds, 2 ** 31 - 1));
  const forget = onAbort(signal, child.kill);
  child.stderr.resume();
  const holes = new UnitHoles();
  try {
    for await (const piece of child.stdout) if (holes.feed(piece as Buffer)) return true;
    const exit = await child.exited;
    signal?.throwIfAborted();
    if (isLate || exit.signal === "SIGXCPU") {
      const text = `Reading the data of ${video.name} takes more than ${limits.maxSeconds} s; maxSeconds raises this limit`;
      throw new LimitError("maxSeconds", text);
    }
    if (exit.code === 0) return false;
    const how = exit.error?.message ?? exit.signal ?? `status ${exit.code}`;
    const text = `ffmpeg could not read the data of ${video.name} again to look for missing parts (${how})`;
    throw new VideoError("ERR_EMPREINTE_VIDEO_CHILD", text);
  } finally {
    clearTimeout(timer);
    forget();
    await endChild(child);
    signal?.throwIfAborted();
  }
}
