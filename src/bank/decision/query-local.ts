/** What local points found of an upload, as evidence that each decision checks again. */
import { boolean, integer, invalidArgument, oneOf } from "../../check.js";
import type { LocalEvidence } from "../../copies/local-evidence.js";
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import type { Region } from "../../views/views.js";
import { checkRegion } from "./query-video.js";

/** What `Matcher.checkImage` found by local records. With it `explain` repeats the decision without any record. */
export interface QueryLocal {
  /** The originals of which the upload shows a part. */
  originals: QueryOriginal[];
  /** Set where more originals had enough votes than were verified: the upload may be made to hide what it shows. */
  crowded?: true;
  /** Set where no records were searched, because the store was opened without their key. */
  sealed?: true;
}

/** An original of which the upload shows a part. */
export interface QueryOriginal {
  /** The store's number of a signal of the entry. */
  signal: number;
  /** The revision that added the entry's record. */
  record: number;
  tier: "match" | "review";
  /** The mean distance of the descriptors that agree. */
  distance: number;
  orientation: Orientation;
  region: Region;
  local: LocalEvidence;
}

const most = Number.MAX_SAFE_INTEGER;

function checkEvidence(local: LocalEvidence): LocalEvidence {
  if (typeof local !== "object" || local === null) throw invalidArgument("local", "{inliers, support, …}", local);
  const { part } = local;
  const sides = [part?.left, part?.top, part?.right, part?.bottom];
  if (!sides.every(Number.isFinite)) throw invalidArgument("part", "four numbers", part);
  return {
    inliers: integer("inliers", local.inliers, 0, most),
    support: integer("support", local.support, 1, most),
    seen: integer("seen", local.seen, 0, most),
    part: { left: part.left, top: part.top, right: part.right, bottom: part.bottom },
    mirrored: boolean("mirrored", local.mirrored),
    negative: boolean("negative", local.negative),
  };
}

function checkOriginal(original: QueryOriginal): QueryOriginal {
  if (typeof original !== "object" || original === null) {
    throw invalidArgument("originals", "{signal, record, tier, …}", original);
  }
  return {
    signal: integer("signal", original.signal, 0, most),
    record: integer("record", original.record, 1, most),
    tier: oneOf("tier", original.tier, ["match", "review"]),
    distance: integer("distance", original.distance, 0, 256),
    orientation: oneOf("orientation", original.orientation, orientationNames),
    region: checkRegion(original.region),
    local: checkEvidence(original.local),
  };
}

/** Checks what local points found. @throws {InvalidArgumentError} */
export function checkQueryLocal(query: QueryLocal): QueryLocal {
  if (typeof query !== "object" || query === null) throw invalidArgument("local", "{originals, …}", query);
  if (!Array.isArray(query.originals)) throw invalidArgument("originals", "array of objects", query.originals);
  return {
    originals: query.originals.map(checkOriginal),
    ...(query.crowded && { crowded: true }),
    ...(query.sealed && { sealed: true }),
  };
}
