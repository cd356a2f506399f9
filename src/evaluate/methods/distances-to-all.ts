import { hashToBytes } from "../../index.js";
import { bitCounts } from "../../popcount.js";

/**
 * Computes the distances of one hash to all listed ones. It counts bits itself, because the search is what is measured.
 */
export class DistancesToAll {
  readonly #words: Uint16Array;

  constructor(hashes: readonly string[]) {
    this.#words = wordsOf(hashes);
  }

  /** Returns the distance to each hash, in their order. */
  from(hash: string): Uint16Array {
    const query = wordsOf([hash]);
    return Uint16Array.from({ length: this.#words.length / 16 }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < 16; k++) sum += bitCounts[this.#words[16 * i + k]! ^ query[k]!]!;
      return sum;
    });
  }
}

function wordsOf(hashes: readonly string[]): Uint16Array {
  const bytes = new Uint8Array(32 * hashes.length);
  hashes.forEach((hash, i) => bytes.set(hashToBytes(hash), 32 * i));
  return new Uint16Array(bytes.buffer);
}
