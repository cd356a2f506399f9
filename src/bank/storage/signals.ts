import { oneOf } from "../../check.js";
import { InvalidHashError } from "../../errors.js";
import { hashToBytes } from "../../hash/value.js";

/**
 * What a value is: `pdq`, a picture's hash; `vpdq`, the PDQ hash of a frame of a video; `md5`, `sha1` and `sha256`, of the
 * bytes of a file, which match exactly or not at all. The order is part of the store's format.
 */
export type SignalType = "pdq" | "vpdq" | "md5" | "sha1" | "sha256";
export const signalTypes: readonly SignalType[] = ["pdq", "vpdq", "md5", "sha1", "sha256"];

/** The types whose values are compared by distance. */
export const nearTypes: readonly number[] = [0, 1];
export const exactTypes: readonly number[] = [2, 3, 4];

const plainHex = /^[0-9a-f]{64}$/i;
const digits: Record<string, number> = { md5: 32, sha1: 40, sha256: 64 };

export function typeNumber(type: unknown): number {
  return signalTypes.indexOf(oneOf("type", type, signalTypes));
}

/**
 * The 32 bytes under which a value is kept and searched. A shorter digest is repeated until 32 bytes are full: padding it
 * with zeros would crowd the index's tables.
 * @throws {InvalidHashError}
 */
export function valueBytes(type: number, value: unknown): Buffer {
  const name = signalTypes[type]!;
  if (nearTypes.includes(type)) {
    // Nearly all are written so, and the general way takes several times as long.
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

/** The value as it is written: lower-case hex. */
export function valueText(type: number, bytes: Buffer): string {
  return bytes.toString("hex").slice(0, digits[signalTypes[type]!] ?? 64);
}
