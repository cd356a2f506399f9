import { InvalidHashError } from "../errors.js";
import { native } from "../native/load.js";

/**
 * A hash as a caller may give it: 64 hex digits (either case, optional `0x`, surrounding white space), base64 of the
 * 32 bytes (44 characters, or 43 without padding), or the 32 bytes, most significant first.
 */
export type HashLike = string | Uint8Array;

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** The 32 bytes of a hash. @throws {InvalidHashError} for anything that is not one. */
export function hashToBytes(hash: HashLike): Uint8Array {
  if (isBytes(hash)) {
    if (hash.length === 32) return new Uint8Array(hash);
    throw new InvalidHashError(`Expected a hash of 32 bytes but received ${hash.length}`);
  }
  if (typeof hash !== "string") {
    throw new InvalidHashError(
      `Expected a hash as text or 32 bytes but received ${hash === null ? "null" : typeof hash}`,
    );
  }
  try {
    return native.parseHash(hash);
  } catch (error) {
    const start = hash.trim().slice(0, 8);
    throw new InvalidHashError(
      `Expected a hash but received "${start}${hash.length > 8 ? "…" : ""}" (${hash.length} characters): ${(error as Error).message}`,
    );
  }
}

/** 64 lower-case hex digits. @throws {InvalidHashError} */
export function hashToHex(hash: HashLike): string {
  const bytes = hashToBytes(hash);
  return Buffer.from(bytes.buffer, bytes.byteOffset, 32).toString("hex");
}

/** 44 base64 characters. @throws {InvalidHashError} */
export function hashToBase64(hash: HashLike): string {
  const bytes = hashToBytes(hash);
  return Buffer.from(bytes.buffer, bytes.byteOffset, 32).toString("base64");
}

/** How many of the 256 bits differ. @throws {InvalidHashError} */
export function hashDistance(a: HashLike, b: HashLike): number {
  return native.distance(hashToBytes(a), hashToBytes(b));
}

/**
 * Why a hash would match unrelated pictures (all zero, constant, periodic, unbalanced), as a sentence; `undefined` for an
 * ordinary hash. @throws {InvalidHashError}
 */
export function trivialHashReason(hash: HashLike): string | undefined {
  return native.trivialReason(hashToBytes(hash));
}
