import { boolean, checkOptions, checkSignal, integer, invalidArgument, oneOf, positive } from "../check.js";
import type { Limits } from "../limits.js";
import { checkQueryOptions, type Query } from "../search/query.js";
import { matchRadius } from "../thresholds.js";
import type { CopyLevel } from "../copies/types.js";
import type { HashVideoOptions } from "../video/options.js";
import type { VideoSignature } from "../video/signature.js";

/** The caller's name for a video or an image. */
export type VideoId = string | number;

/** Options of `VideoIndex.search`. */
export interface VideoSearchOptions {
  /**
   * The most differing bits of two frames that match by themselves, 0 … 256. Default 31. In a segment where other
   * frames match, frames within 1.5 times the radius support it.
   */
  radius?: number;
  /** The least quality of the query's frames, 0 … 100. Frames below it are left out. Default 50. */
  minQuality?: number;
  /** Whether the eight orientations are searched, where the query has their hashes. Default true. */
  orientations?: boolean;
  /** The slowest that a known video may play in the query, 0.1 … `maxSpeed`. Default 0.5. */
  minSpeed?: number;
  /** The fastest that a known video may play in the query, at most 10. Default 2. */
  maxSpeed?: number;
  /**
   * Which frames of the query are looked up. `"adaptive"` looks up one frame a second, then further ones where nothing
   * was found: a tenth of the frames, but at least 16, and at least one a second. `"all"` looks up every frame. Default
   * `"adaptive"`.
   */
  lookUp?: "adaptive" | "all";
  /**
   * Whether weak segments are returned as well: a segment of a single image, or of what unrelated videos share at their
   * beginning. Default false.
   */
  includeWeak?: boolean;
  /** Ends the search. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Options of `VideoIndex.searchVideo`. They include most options of `hashVideo` and of `VideoIndex.search`. */
export interface SearchVideoOptions
  extends Omit<HashVideoOptions, "compat" | "orientations" | "trim">, Omit<VideoSearchOptions, "orientations"> {
  /**
   * How much is searched for. Default `"fast"`.
   *
   * - `"fast"`: the frames as they are, in all eight orientations.
   * - `"standard"`: also the frames without borders, bars or a surrounding image. Shots that are not found so are
   *   searched as cropped, zoomed or slightly rotated copies, through views of two of their frames.
   * - `"thorough"`: as `"standard"`, with views of four frames and more candidates.
   */
  level?: CopyLevel;
}

/** Options of `VideoIndex.searchImage`. They include the limits of `hashImage`. */
export interface SearchImageOptions extends Limits, Omit<VideoSearchOptions, "orientations" | "lookUp"> {
  /** The name of the input in errors. Default: the path, "buffer" or "stream". */
  name?: string;
}

export interface CheckedVideoSearch {
  radius: number;
  /** The most bits at which a frame supports a segment. */
  supportRadius: number;
  minQuality: number;
  orientations: boolean;
  minSpeed: number;
  maxSpeed: number;
  lookUp: "adaptive" | "all";
  includeWeak: boolean;
  signal: AbortSignal | undefined;
}

export const videoSearchNames = [
  "radius",
  "minQuality",
  "orientations",
  "minSpeed",
  "maxSpeed",
  "lookUp",
  "includeWeak",
  "signal",
] as const;

/** Checks options and fills in defaults. @throws {InvalidArgumentError} An option is of the wrong kind. */
export function checkVideoSearch(options: VideoSearchOptions | undefined): CheckedVideoSearch {
  const given = checkOptions(options, videoSearchNames);
  const { radius, minQuality, orientations } = checkQueryOptions(given, matchRadius);
  const { lookUp = "adaptive", minSpeed = 0.5, maxSpeed = 2, includeWeak = false } = given;
  oneOf("lookUp", lookUp, ["adaptive", "all"]);
  positive("minSpeed", minSpeed);
  positive("maxSpeed", maxSpeed);
  if (minSpeed < 0.1 || minSpeed > maxSpeed) throw invalidArgument("minSpeed", "number from 0.1 to maxSpeed", minSpeed);
  if (maxSpeed > 10) throw invalidArgument("maxSpeed", "number of at most 10", maxSpeed);
  return {
    radius,
    supportRadius: Math.min(256, Math.floor(1.5 * radius)),
    minQuality,
    orientations,
    minSpeed,
    maxSpeed,
    lookUp,
    includeWeak: boolean("includeWeak", includeWeak),
    signal: checkSignal(given.signal),
  };
}

/** @throws {InvalidArgumentError} The id is neither a string nor a finite number. */
export function checkId(id: VideoId): VideoId {
  if (typeof id === "string" || (typeof id === "number" && Number.isFinite(id))) return id;
  throw invalidArgument("id", "string or number", id);
}

/** Whether a query is a video's signature. Otherwise it is an image's. @throws {InvalidArgumentError} It is neither. */
export function isSignature(query: VideoSignature | Query): query is VideoSignature {
  if (typeof query !== "object" || query === null) {
    throw invalidArgument("query", "result of hashVideo or hashImage", query);
  }
  return "frames" in query && "durationSeconds" in query;
}

/** A query image with its hash, as bytes or text. */
export type HashedQuery = Query & Required<Pick<Query, "hash">>;

/** @throws {InvalidArgumentError} The query has no hash, or its quality or stability is of the wrong kind. */
export function checkImageQuery(query: Query): HashedQuery & { quality: number; stable: boolean } {
  const { hash, quality = 100, stable = true } = query;
  if (hash === undefined) throw invalidArgument("query", "result of hashVideo or hashImage", query);
  return { ...query, hash, quality: integer("quality", quality, 0, 100), stable: boolean("stable", stable) };
}
