import type { OrientationHashes } from "../../hash/orientations.js";
import { orientationNames } from "../../hash/orientations.js";
import { matchRadius, minQuality, reviewRadius } from "../../hash/thresholds.js";
import { hashToBytes } from "../../hash/value.js";
import { hashImage, type ImageHash } from "../../image/hash-image.js";
import { HashIndex } from "../../search/hash-index.js";

/** An entry of the list that is searched: an original, or an image that no query is a copy of. */
export interface ListedImage {
  /** A unique name: the path inside its folder, or the kind and number of a generated image. */
  name: string;
  /** The SHA-256 of its file, 64 hex digits. */
  digest: string;
  /** The PDQ hash of the image, 64 hex digits. */
  hash: string;
  /** The hashes of its eight orientations. */
  orientations: OrientationHashes;
  /** The quality of the hash, 0 … 100. */
  quality: number;
  /** Reads or makes the file, each time that it is called. */
  bytes: () => Promise<Uint8Array>;
}

/** An image to search for. */
export interface QueryImage {
  /** `"ATTACK/NAME"` for an altered image, `"none/NAME"` for an unaltered one. */
  name: string;
  /** The encoded image. */
  bytes: Uint8Array;
}

/** An entry that a method found near a query. */
export interface FoundEntry {
  /** The position of the entry in the list that `prepare` got. */
  entry: number;
  /** The distance, from 0 to the `bits` of the method. */
  distance: number;
  /** The tier, where the method decides it. Otherwise the distance decides. */
  tier?: "match" | "review";
  /** The view or orientation of the query that was nearest. */
  view?: string;
}

/** The answer of a method to one query. */
export interface FoundEntries {
  /** The entries found, each at most once, in any order. Every other entry counts as not found. */
  entries: FoundEntry[];
  /** False when the method refuses the query, as PDQ does below quality 50. Default true. */
  usable?: boolean;
  /** How many hashes were made and searched for. Default 1. */
  hashes?: number;
  /** The time that the search took. Default: the time of `find`. */
  milliseconds?: number;
  /** Hashes and time of each stage of the search. */
  stages?: readonly { name: string; hashes: number; milliseconds: number }[];
}

/**
 * A method of finding altered copies. Implement it to compare another hasher with ours.
 *
 * @example
 * const method = { name: "mine", bits: 64, radius: 10, async prepare(list) { … }, async find(query) { … } };
 */
export interface EvaluationMethod {
  /** A name that is unique in the evaluation, for instance `"dhash"`. */
  name: string;
  /** A version that changes when the answers do. Results of another version are measured again. */
  version?: string;
  /** The greatest possible distance. */
  bits: number;
  /** The largest distance of a match. */
  radius: number;
  /** The largest distance that a person should look at. Default: `radius`. */
  reviewRadius?: number;
  /** It is called once, before the first `find`. */
  prepare: (list: readonly ListedImage[]) => void | Promise<void>;
  /** It searches for one image, and is called for several images at a time. */
  find: (query: QueryImage) => FoundEntries | Promise<FoundEntries>;
  /** It is called once, after the last `find`. */
  close?: () => void;
}

function bitsOf(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Counts the distances from a hash to all hashes, independently of the search that is measured. */
export class Distances {
  readonly #words: Uint32Array;

  constructor(hashes: readonly string[]) {
    this.#words = wordsOf(hashes);
  }

  /** Returns the distance to each hash. */
  from(hash: string): Uint16Array {
    const query = wordsOf([hash]);
    return Uint16Array.from({ length: this.#words.length / 8 }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < 8; k++) sum += bitsOf((this.#words[8 * i + k]! ^ query[k]!) >>> 0);
      return sum;
    });
  }
}

function wordsOf(hashes: readonly string[]): Uint32Array {
  const bytes = new Uint8Array(32 * hashes.length);
  hashes.forEach((hash, i) => bytes.set(hashToBytes(hash), 32 * i));
  return new Uint32Array(bytes.buffer);
}

/** Hashes and searches as `empreinte scan` does, and counts the distances to all entries for the figures. */
function ours(name: string, all: boolean): EvaluationMethod {
  let distances: Distances;
  let index: HashIndex;
  const queryHashes = (hash: ImageHash): string[] =>
    all ? orientationNames.map((name) => (name === "orig" ? hash.hash : hash.orientations![name])) : [hash.hash];
  return {
    name,
    bits: 256,
    radius: matchRadius,
    reviewRadius,
    prepare(list) {
      distances = new Distances(list.map(({ hash }) => hash));
      index = new HashIndex({ memory: "rows" });
      index.addManySync(
        list.map((_, i) => i),
        list.map(({ hash }) => hash),
      );
    },
    async find({ bytes }) {
      const start = performance.now();
      const hash = await hashImage(bytes, { orientations: all });
      const hashes = queryHashes(hash);
      index.searchManySync(hashes, { radius: matchRadius });
      const milliseconds = performance.now() - start;
      const usable = hash.quality >= minQuality && hash.stable;
      const each = hashes.map((one) => distances.from(one));
      const entries = Array.from(each[0]!, (_, entry): FoundEntry => {
        let best = 0;
        for (let i = 1; i < each.length; i++) if (each[i]![entry]! < each[best]![entry]!) best = i;
        return { entry, distance: each[best]![entry]!, view: best === 0 ? "original" : orientationNames[best]! };
      });
      return { entries, usable, hashes: hashes.length, milliseconds };
    },
    close: () => index?.close(),
  };
}

/** Makes the method that searches for one hash per query, within 31 bits. */
export function plainMethod(): EvaluationMethod {
  return ours("plain", false);
}

/** Makes the method that searches for the eight orientations of a query within 31 bits. */
export function fastMethod(): EvaluationMethod {
  return ours("fast", true);
}
