import { read } from "node:fs";
import { promisify } from "node:util";
import { openFile } from "../../files/open-file.js";

const readInto = promisify(read);

/** The elements of a Matroska file that lead to the default duration and the codec, and these themselves. */
const segment = 0x18538067;
const tracks = 0x1654ae6b;
const trackEntry = 0xae;
const defaultDuration = 0x23e383;
const codecId = 0x86;

/** The tracks are in the first bytes of every usual file. */
const headBytes = 2 ** 16;

interface Element {
  id: number;
  /** The byte at which the content begins. */
  start: number;
  /** Where its content ends. It is Infinity when the element states no size. */
  end: number;
}

/** Returns the element at `at`; undefined when it is incomplete or not an element. */
function elementAt(bytes: Uint8Array, at: number): Element | undefined {
  const first = bytes[at];
  if (first === undefined || first < 0x10) return undefined;
  const idBytes = Math.clz32(first) - 23;
  let id = 0;
  for (let i = 0; i < idBytes; i++) id = id * 256 + (bytes[at + i] ?? 0);
  const sizeAt = at + idBytes;
  const lead = bytes[sizeAt];
  if (lead === undefined || lead === 0) return undefined;
  const sizeBytes = Math.clz32(lead) - 23;
  if (sizeAt + sizeBytes > bytes.length) return undefined;
  let size = lead & (0xff >> sizeBytes);
  let unknown = size === 0xff >> sizeBytes;
  for (let i = 1; i < sizeBytes; i++) {
    size = size * 256 + bytes[sizeAt + i]!;
    unknown &&= bytes[sizeAt + i] === 0xff;
  }
  const start = sizeAt + sizeBytes;
  return { id, start, end: unknown ? Infinity : start + size };
}

/** Rounds to a usual rate, n or n / 1.001: whole nanoseconds turn 30 into 30.0000003. */
function usualRate(rate: number): number {
  for (const under of [1, 1001]) {
    const usual = Math.round(rate * under) / under;
    if (Math.abs(usual - rate) < (rate * rate) / 1e9) return usual;
  }
  return rate;
}

/**
 * Reads the frames a second of the first track from the beginning of a Matroska file; undefined when the file does not
 * state them. A file states the nanoseconds of a frame, which give the rate to about 3 parts in 10⁸. vPDQ's rule needs
 * that to distinguish 29.999 from 30.
 */
export function matroskaFrameRate(bytes: Uint8Array): number | undefined {
  const inside = new Set([segment, tracks, trackEntry]);
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    if (element === undefined) return undefined;
    const { id, start, end } = element;
    if (id === defaultDuration) {
      if (end > bytes.length || end - start > 6) return undefined;
      let nanoseconds = 0;
      for (let i = start; i < end; i++) nanoseconds = nanoseconds * 256 + bytes[i]!;
      return nanoseconds > 0 ? usualRate(1e9 / nanoseconds) : undefined;
    }
    at = inside.has(id) ? start : end;
  }
  return undefined;
}

/**
 * Returns the codecs of the video tracks, in their order: "V_VP9". Nothing where the beginning of a file does not have
 * them.
 */
export function matroskaCodecs(bytes: Uint8Array): string[] {
  const found: string[] = [];
  const inside = new Set([segment, tracks, trackEntry]);
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    if (element === undefined) break;
    const { id, start, end } = element;
    if (id === codecId) found.push(Buffer.from(bytes.subarray(start, Math.min(end, start + 64))).toString("latin1"));
    at = inside.has(id) ? start : end;
  }
  return found.filter((codec) => codec.startsWith("V_"));
}

/** Whether a video stream of a Matroska file is VP9. @throws The system's error when the file cannot be read. */
export async function isVp9({ fd, path }: { fd?: number; path: string }, stream: number): Promise<boolean> {
  const opened = fd === undefined ? (await openFile(path)).file : undefined;
  try {
    const { buffer, bytesRead } = await readInto(fd ?? opened!.fd, Buffer.alloc(headBytes), 0, headBytes, 0);
    return matroskaCodecs(buffer.subarray(0, bytesRead))[stream] === "V_VP9";
  } finally {
    await opened?.close();
  }
}
