/** What a check looks up. */
import { boolean, integer, invalidArgument, oneOf } from "../../check.js";
import { type Orientation, type OrientationHashes, orientationNames } from "../../hash/orientations.js";
import { hashToHex } from "../../hash/value.js";
import { checkDigests, type Query } from "../../search/query.js";
import { type Region, type ViewName, viewNames } from "../../views/views.js";
import { checkQueryLocal, type QueryLocal } from "./query-local.js";
import { checkQueryVideo, checkRegion, type QueryVideo } from "./query-video.js";
import { exactTypes, signalTypes, valueBytes, valueText } from "../storage/signals.js";

/**
 * What `Matcher.check` looks up: the result of `hashImage` with `orientations`, and digests of the file's bytes. Where
 * a file cannot be decoded, the digests alone are a query.
 */
export interface CheckQuery extends Query {
  /** The views of the image that `Matcher.checkImage` found near signals. With them `explain` repeats the decision. */
  copies?: readonly QueryCopy[];
  /** What `Matcher.checkVideo` found of a video. With it `explain` repeats the decision. */
  video?: QueryVideo;
  /** What `Matcher.checkImage` found by local records. With it `explain` repeats the decision. */
  local?: QueryLocal;
}

/** A view of the upload that is near a signal. Each check computes its distance anew, and whether it counts. */
export interface QueryCopy {
  /** The store's number of the signal. */
  signal: number;
  /** The hash of the view: 64 hex digits. */
  hash: string;
  /** The quality of the view's hash, 0 … 100. */
  quality: number;
  tier: "match" | "review";
  view: ViewName;
  /** The orientation of the view. Default `"orig"`. */
  orientation?: Orientation;
  /** Where in the upload the original or its crop is. It is absent for the whole image. */
  region?: Region;
  /** How many views of the upload, or hashes of the entry, agree. */
  supportCount: number;
}

/** A checked query. Its hashes and digests are lower-case hex. */
export interface CheckedQuery extends CheckQuery {
  hash?: string;
  quality: number;
  stable: boolean;
}

function checkCopy(copy: QueryCopy): QueryCopy {
  if (typeof copy !== "object" || copy === null) throw invalidArgument("copies", "{signal, hash, tier, …}", copy);
  const { orientation, region } = copy;
  return {
    signal: integer("signal", copy.signal, 0, Number.MAX_SAFE_INTEGER),
    hash: hashToHex(copy.hash),
    quality: integer("quality", copy.quality, 0, 100),
    tier: oneOf("tier", copy.tier, ["match", "review"]),
    view: oneOf("view", copy.view, viewNames),
    ...(orientation !== undefined && { orientation: oneOf("orientation", orientation, orientationNames) }),
    ...(region !== undefined && { region: checkRegion(region) }),
    supportCount: integer("supportCount", copy.supportCount, 1, Number.MAX_SAFE_INTEGER),
  };
}

const digestNames = exactTypes.map((type) => signalTypes[type] as "md5" | "sha1" | "sha256");

/** Checks a query and writes its hashes as lower-case hex. @throws {InvalidArgumentError} @throws {InvalidHashError} */
export function checkQuery(query: CheckQuery): CheckedQuery {
  if (typeof query !== "object" || query === null) throw invalidArgument("query", "{hash, quality, stable}", query);
  const { hash, orientations, digests, copies = [], video, local } = query;
  // As elsewhere, a hash without quality counts as 100, and one without stability as stable.
  const { quality = hash === undefined ? 0 : 100, stable = true } = query;
  const given = digestNames.flatMap((name) => {
    const value = checkDigests(digests)?.[name];
    const type = signalTypes.indexOf(name);
    return value === undefined ? [] : [[name, valueText(type, valueBytes(type, value))]];
  });
  if (!Array.isArray(copies)) throw invalidArgument("copies", "array", copies);
  if (hash === undefined && given.length === 0 && video === undefined)
    throw invalidArgument("query", "hash or digests", query);
  return {
    ...(hash !== undefined && { hash: hashToHex(hash) }),
    quality: integer("quality", quality, 0, 100),
    stable: boolean("stable", stable) && hash !== undefined,
    ...(hash !== undefined &&
      orientations !== undefined && {
        orientations: Object.fromEntries(
          orientationNames.map((name) => [name, hashToHex(orientations[name])]),
        ) as OrientationHashes,
      }),
    ...(copies.length > 0 && { copies: copies.map(checkCopy) }),
    ...(video !== undefined && { video: checkQueryVideo(video) }),
    ...(local !== undefined && { local: checkQueryLocal(local) }),
    ...(given.length > 0 && { digests: Object.fromEntries(given) as NonNullable<CheckQuery["digests"]> }),
  };
}

/**
 * Returns the text by which an upload is sampled and counted: its hash, a video's key, or a digest where it has none.
 */
export function uploadKey({ hash, video, digests }: CheckedQuery): string {
  return hash ?? video?.key ?? digests?.sha256 ?? digests?.sha1 ?? digests?.md5 ?? "";
}
