import type { OrientationHashes } from "../../hash/orientations.js";
import { orientationNames } from "../../hash/orientations.js";
import { hashToBytes } from "../../hash/value.js";
import { hashImage, type ImageHash } from "../../image/hash-image.js";
import { HashIndex } from "../../search/hash-index.js";

/** An entry of the list that queries are looked up in: an original, or an image that no query is a copy of. */
export interface ListedImage {
  /** Unique: the path inside its folder, or kind and number of a generated one. */
  name: string;
  /** SHA-256 of its file, 64 hex digits. */
  digest: string;
  /** 64 hex digits; of the image as it is. */
  hash: string;
  orientations: OrientationHashes;
  /** 0 … 100. */
  quality: number;
  /** The file. Read, or made, anew each time. */
  bytes: () => Promise<Uint8Array>;
}

/** An image to look up. */
export interface QueryImage {
  /** "ATTACK/NAME" for an altered original, "none/NAME" for an unrelated image as it is. */
  name: string;
  /** An encoded image. */
  bytes: Uint8Array;
}

/** An entry that a method found near a query. */
export interface FoundEntry {
  /** Position in the list given to `prepare`. */
  entry: number;
  /** 0 … the method's `bits`. */
  distance: number;
  /** Where the method itself decides; otherwise the distance does. */
  tier?: "match" | "review";
  /** What of the query, or how turned, was nearest. */
  variant?: string;
}

/** What a method answers to one query. */
export interface FoundEntries {
  /** Each entry at most once, in any order. What is left out counts as not found. */
  entries: FoundEntry[];
  /** False when the method refuses the query, as PDQ does below quality 50. Default true. */
  usable?: boolean;
  /** How many hashes were made and looked up. Default 1. */
  hashes?: number;
  /** What it took. Default: measured around `find`. */
  milliseconds?: number;
  /** The same in parts. */
  stages?: readonly { name: string; hashes: number; milliseconds: number }[];
}

/**
 * A way to find altered copies, to be measured. Other hashers beside ours implement this.
 *
 * @example
 * const method = { name: "mine", bits: 64, radius: 10, async prepare(list) { … }, async find(query) { … } };
 */
export interface EvaluationMethod {
  /** Unique in an evaluation, for instance `"dhash"`. */
  name: string;
  /** Changes when its answers do: what was measured with another one is measured again. */
  version?: string;
  /** The greatest distance. */
  bits: number;
  /** The largest distance of a match. */
  radius: number;
  /** The largest distance that a person should look at. Default: `radius`. */
  reviewRadius?: number;
  /** Called once, before the first `find`. */
  prepare: (list: readonly ListedImage[]) => void | Promise<void>;
  /** Called for several queries at a time. */
  find: (query: QueryImage) => FoundEntries | Promise<FoundEntries>;
  close?: () => void;
}

/** Below this quality a hash is neither listed nor matched. */
export const leastQuality = 50;

const radius = 31;
const reviewRadius = 50;

function bitsOf(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Hashes with the distances of any other to all of them, counted bit by bit and not by the search that is measured. */
export class Distances {
  readonly #words: Uint32Array;

  constructor(hashes: readonly string[]) {
    this.#words = wordsOf(hashes);
  }

  /** One for each hash. */
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

/** Hash and search as `empreinte scan` does; the distances to all entries for the figures. */
function ours(name: string, all: boolean): EvaluationMethod {
  let distances: Distances;
  let index: HashIndex;
  const variantsOf = (hash: ImageHash): string[] =>
    all
      ? orientationNames.map((variant) => (variant === "orig" ? hash.hash : hash.orientations![variant]))
      : [hash.hash];
  return {
    name,
    bits: 256,
    radius,
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
      const variants = variantsOf(hash);
      index.searchManySync(variants, { radius });
      const milliseconds = performance.now() - start;
      const usable = hash.quality >= leastQuality && hash.stable;
      const each = variants.map((variant) => distances.from(variant));
      const entries = Array.from(each[0]!, (_, entry): FoundEntry => {
        let best = 0;
        for (let i = 1; i < each.length; i++) if (each[i]![entry]! < each[best]![entry]!) best = i;
        return { entry, distance: each[best]![entry]!, variant: best === 0 ? "original" : orientationNames[best]! };
      });
      return { entries, usable, hashes: variants.length, milliseconds };
    },
    close: () => index?.close(),
  };
}

/** One hash a query, radius 31. */
export function plainMethod(): EvaluationMethod {
  return ours("plain", false);
}

/** The eight orientations of a query, derived from one hashing. */
export function fastMethod(): EvaluationMethod {
  return ours("fast", true);
}
