import { isBytes } from "../check.js";
import { InvalidHashError } from "../errors.js";
import { native } from "../native/load.js";

/**
 * A hash in any form that functions accept: 64 hex digits (either case, optional `0x`, surrounding white space), the
 * base64 of the 32 bytes (44 characters, or 43 without padding), or the 32 bytes, most significant first.
 */
export type HashLike = string | Uint8Array;

/**
 * Returns the 32 bytes of a hash, most significant first, in new memory.
 *
 * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH` for anything that is not a hash.
 *
 * @example
 * hashToBytes("f8f8f0cc…")[0]; // 248
 */
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

/**
 * Returns a hash as 64 lower-case hex digits.
 *
 * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH` for anything that is not a hash.
 *
 * @example
 * hashToHex(bytes); // "f8f8f0cc…"
 */
export function hashToHex(hash: HashLike): string {
  const bytes = hashToBytes(hash);
  return Buffer.from(bytes.buffer, bytes.byteOffset, 32).toString("hex");
}

/**
 * Counts how many of the 256 bits of two hashes differ.
 *
 * @returns 0 … 256. Up to 31 is a match by Meta's recommendation.
 * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH` for anything that is not a hash.
 *
 * @example
 * const [a, b] = await Promise.all([hashImage("a.jpg"), hashImage("b.jpg")]);
 * const distance = hashDistance(a.hash, b.hash);
 */
export function hashDistance(a: HashLike, b: HashLike): number {
  return native.distance(hashToBytes(a), hashToBytes(b));
}

/**
 * Says why a hash is trivial, which means that it would match unrelated images: it is all zero, constant, periodic or
 * unbalanced.
 *
 * @returns a sentence, or undefined for an ordinary hash.
 * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH` for anything that is not a hash.
 *
 * @example
 * if (trivialHashReason(hash) === undefined) index.add(id, hash);
 */
export function trivialHashReason(hash: HashLike): string | undefined {
  return native.trivialReason(hashToBytes(hash));
}
