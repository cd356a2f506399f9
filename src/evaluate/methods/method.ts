import type { ImageHash } from "../../index.js";

/** An image that queries are searched in: an original, or an image that no query is a copy of. */
export interface ListedImage {
  /** The unique name: the path inside its folder, or the kind and number of a generated image. */
  name: string;
  /** The SHA-256 of its file, 64 hex digits. */
  digest: string;
  /** The hash of the image as it is, 64 hex digits. */
  hash: string;
  /** The hashes of all eight orientations. */
  orientations: NonNullable<ImageHash["orientations"]>;
  /** The quality of the hash, 0 … 100. */
  quality: number;
  /** Reads or makes the file. It is not kept in memory. */
  bytes: () => Promise<Uint8Array>;
}

/** An image to search for. */
export interface EvaluationQuery {
  /** The unique name: "ATTACK/NAME" for an altered original, "none/NAME" for a listed image as it is. */
  name: string;
  /** The encoded image. */
  bytes: Uint8Array;
}

/** A listed image that a method found near a query. */
export interface EvaluationMatch {
  /** The position of the image in the list that `prepare` got, from 0. */
  listIndex: number;
  /** The distance, 0 … the method's `bits`. */
  distance: number;
  /** The tier, if the method decides it. Otherwise the distance decides. */
  tier?: "match" | "review";
  /** The view or orientation of the query that was nearest, by name. */
  view?: string;
}

/** What a method returns for one query. */
export interface EvaluationAnswer {
  /** The images that were found, each at most once, in any order. An image that is left out counts as not found. */
  matches: EvaluationMatch[];
  /** False if the method refuses the query, as PDQ does below quality 50. Default true. */
  usable?: boolean;
  /** How many hashes were computed and searched. Default 1. */
  hashes?: number;
  /** How long it took in milliseconds. Default: the time that `find` took. */
  milliseconds?: number;
  /** The hashes and the time of each stage. */
  stages?: readonly { name: string; hashes: number; milliseconds: number }[];
}

/**
 * A method that finds altered copies and is measured. Implement it to compare another hasher with ours.
 *
 * @example
 * const method = { name: "mine", bits: 64, radius: 10, async prepare(list) { … }, async find(query) { … } };
 */
export interface EvaluationMethod {
  /** The name, unique in an evaluation, for instance `"dhash"`. */
  name: string;
  /** Changes when the answers of the method do. What was measured with another version is measured again. */
  version?: string;
  /** The greatest distance in bits, 0 … 256. */
  bits: number;
  /** The greatest distance of a match. */
  radius: number;
  /** The greatest distance at which a person should look. Default: `radius`. */
  reviewRadius?: number;
  /** Called once with all listed images, before the first `find`. */
  prepare: (list: readonly ListedImage[]) => void | Promise<void>;
  /** Finds listed images near a query. It is called for several queries at a time. */
  find: (query: EvaluationQuery) => EvaluationAnswer | Promise<EvaluationAnswer>;
  /** Called once at the end. */
  close?: () => void;
}
