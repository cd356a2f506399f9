import { boolean, integer, invalidArgument, checkOptions, positive, checkSignal } from "../check.js";
import type { OrientationHashes } from "../hash/orientations.js";
import type { HashLike } from "../hash/value.js";
import type { VideoSignature } from "../video/signature.js";

/** The caller's name for a video or a picture. */
export type VideoId = string | number;

/** The result of hashing a picture, or one of its frames. */
export interface ImageQuery {
  hash: HashLike;
  /** 0 … 100 */
  quality: number;
  stable: boolean;
  orientations?: OrientationHashes;
}

export interface VideoSearchOptions {
  /** Most differing bits of two pictures that are the same by themselves, 0 … 256. Default 31. In a stretch where others
   * match, frames half as far again support it. */
  radius?: number;
  /** Frames below this quality are left out. Default 50. */
  minQuality?: number;
  /** Search the eight orientations where the query has them. Default true. */
  orientations?: boolean;
  /** The slowest and the fastest that a known video may play in the query. Default 0.5 … 2. */
  minSpeed?: number;
  maxSpeed?: number;
  /** `"adaptive"`: frames of the query are looked up once a second first, then where nothing was found, a tenth of them
   * or 16 at most. `"all"`: every one. Default `"adaptive"`. */
  lookUp?: "adaptive" | "all";
  /** Also stretches that say too little: of one picture, or what unrelated videos have at their beginning. Default false. */
  includeWeak?: boolean;
  signal?: AbortSignal;
}

export interface CheckedVideoSearch {
  radius: number;
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

/** @throws {InvalidArgumentError} */
export function checkVideoSearch(options: VideoSearchOptions | undefined): CheckedVideoSearch {
  const given = checkOptions(options, videoSearchNames);
  const { lookUp = "adaptive" } = given;
  if (lookUp !== "adaptive" && lookUp !== "all") throw invalidArgument("lookUp", '"adaptive" or "all"', lookUp);
  const radius = integer("radius", given.radius ?? 31, 0, 256);
  const [minSpeed, maxSpeed] = [positive("minSpeed", given.minSpeed ?? 0.5), positive("maxSpeed", given.maxSpeed ?? 2)];
  if (minSpeed < 0.1 || minSpeed > maxSpeed) throw invalidArgument("minSpeed", "number from 0.1 to maxSpeed", minSpeed);
  if (maxSpeed > 10) throw invalidArgument("maxSpeed", "number of at most 10", maxSpeed);
  return {
    radius,
    supportRadius: Math.min(256, Math.floor(1.5 * radius)),
    minQuality: integer("minQuality", given.minQuality ?? 50, 0, 100),
    orientations: boolean("orientations", given.orientations ?? true),
    minSpeed,
    maxSpeed,
    lookUp,
    includeWeak: boolean("includeWeak", given.includeWeak ?? false),
    signal: checkSignal(given.signal),
  };
}

/** @throws {InvalidArgumentError} */
export function checkId(id: VideoId): VideoId {
  if (typeof id === "string" || (typeof id === "number" && Number.isFinite(id))) return id;
  throw invalidArgument("id", "string or number", id);
}

/** Whether it is a video's signature; otherwise a picture's hash. @throws {InvalidArgumentError} */
export function isSignature(what: VideoSignature | ImageQuery): what is VideoSignature {
  if (typeof what !== "object" || what === null) {
    throw invalidArgument("signature", "result of hashVideo or hashImage", what);
  }
  if ("frames" in what && "durationSeconds" in what) return true;
  integer("quality", (what as ImageQuery).quality, 0, 100);
  boolean("stable", (what as ImageQuery).stable);
  return false;
}
