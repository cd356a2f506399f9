/**
 * The times of a video's frames. A signal's record has no room for them, so that each version of an entry has its times
 * as bytes among the texts, which a withdrawal zeroes with the hashes. Of each signal with a time, in the entry's
 * order, there are 12 bytes, little-endian: the seconds as f64 and the number of the frame as u32.
 */
import { BankError, printable } from "../../errors.js";
import type { Database } from "./database.js";
import type { Texts } from "./texts.js";

/** Where a frame is in its video. */
export interface FrameTime {
  /** The number of the frame, from 0. */
  frame: number;
  /** Seconds from the beginning, to the microsecond. */
  seconds: number;
}

/** The most seconds of a time, which is eleven days. */
export const mostSeconds = 1e6;
/** The greatest number of a frame. */
export const mostFrameNumber: number = 2 ** 32 - 1;

const timeBytes = 12;

/** Adds times and returns their address; null if there are none. */
export function addTimes(texts: Texts, times: readonly FrameTime[]): number | null {
  if (times.length === 0) return null;
  const bytes = Buffer.alloc(timeBytes * times.length);
  times.forEach(({ frame, seconds }, i) => {
    bytes.writeDoubleLE(seconds, timeBytes * i);
    bytes.writeUInt32LE(frame, timeBytes * i + 8);
  });
  return texts.addBytes(bytes);
}

/**
 * Reads the times of a version of an entry.
 * @param count how many of its signals have a time.
 * @throws {BankError} `ERR_EMPREINTE_BANK_FILE`
 */
export function readTimes(database: Database, texts: Texts, address: number | null, count: number): FrameTime[] {
  const bytes = address === null ? Buffer.alloc(0) : texts.readBytes(address);
  const times = Array.from({ length: Math.floor(bytes.length / timeBytes) }, (_, i): FrameTime => {
    return { seconds: bytes.readDoubleLE(timeBytes * i), frame: bytes.readUInt32LE(timeBytes * i + 8) };
  });
  const isTime = ({ seconds }: FrameTime): boolean => seconds >= 0 && seconds <= mostSeconds;
  if (bytes.length === timeBytes * count && times.every(isTime)) return times;
  throw new BankError("ERR_EMPREINTE_BANK_FILE", `${printable(database.path)} is damaged (the times of a video)`);
}
