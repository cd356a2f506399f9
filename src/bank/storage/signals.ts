import { oneOf } from "../../check.js";
import { InvalidHashError } from "../../errors.js";
import { hashToBytes } from "../../hash/value.js";
import type { SignalType } from "../../lists/entry.js";

/** The type of a `vpdq` signal with a time: a frame of its entry's video. One without a time is an image by itself. */
export const frameType = 5;

/** The types of signals by their numbers, which are part of the store's format. */
export const signalTypes: readonly SignalType[] = ["pdq", "vpdq", "md5", "sha1", "sha256", "vpdq"];

/** The types whose values match by distance. */
export const nearTypes: readonly number[] = [0, 1, frameType];
/** Those of them that match an image by itself. */
export const stillTypes: readonly number[] = [0, 1];
/** The types whose values match exactly or not at all. */
export const exactTypes: readonly number[] = [2, 3, 4];

const plainHex = /^[0-9a-f]{64}$/i;
const digits: Record<string, number> = { md5: 32, sha1: 40, sha256: 64 };

/** Returns the number of a signal type. @throws {InvalidArgumentError} */
export function typeNumber(type: unknown): number {
  return signalTypes.indexOf(oneOf("type", type, signalTypes.slice(0, frameType)));
}

/**
 * Returns the 32 bytes that the store keeps and searches for a value. It repeats a shorter digest until 32 bytes are
 * full, because zeros at its end would crowd the tables of the index.
 * @throws {InvalidHashError}
 */
export function valueBytes(type: number, value: unknown): Buffer {
  const name = signalTypes[type]!;
  if (nearTypes.includes(type)) {
    // Nearly all values are written like this, and the general parser takes several times as long.
    if (typeof value === "string" && value.length === 64 && plainHex.test(value)) return Buffer.from(value, "hex");
    const bytes = hashToBytes(value as string);
    return Buffer.from(bytes.buffer, bytes.byteOffset, 32);
  }
  const text = typeof value === "string" ? value.trim() : value;
  if (typeof text !== "string" || text.length !== digits[name] || !/^[0-9a-f]*$/i.test(text)) {
    const got = typeof text === "string" ? `"${text.slice(0, 8)}…" (${text.length} characters)` : typeof text;
    throw new InvalidHashError(`Expected ${digits[name]} hex digits for ${name} but received ${got}`);
  }
  return Buffer.alloc(32, Buffer.from(text, "hex"));
}

/** Writes a value as lower-case hex. */
export function valueText(type: number, bytes: Buffer): string {
  return bytes.toString("hex").slice(0, digits[signalTypes[type]!] ?? 64);
}
