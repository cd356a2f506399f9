import {
  type Limits,
  type CopyLevel,
  type FileDigests,
  HashList,
  type ImageHash,
  type ImageInput,
  type ImageSearchResult,
  type ListMatch,
} from "../../../index.js";
import type { VideoSignature } from "../../../doors/video.js";
import type { PageResult } from "./pages.js";
import { placeText, regionText, type ScanMatch, viewText } from "./record.js";

/** The settings by which hashes are compared. */
export interface SearchSettings {
  radius: number;
  minQuality: number;
  orientations: boolean;
}

type Place = { page?: number; timestampSeconds?: number; trimmed?: true };

function nearMatch(match: ListMatch & Place): ScanMatch {
  const { distance, list, line, orientation, metadata, page, timestampSeconds, trimmed } = match;
  const view = trimmed ? "trimmed" : undefined;
  const detail = [placeText(match), metadata];
  const place = { ...(page !== undefined && { page }), ...(timestampSeconds !== undefined && { timestampSeconds }) };
  return {
    records: [{ verdict: "match", distance, reference: `${list}:${line}`, orientation, view, detail }],
    json: { list, line, ...place, metadata },
  };
}

function exactMatch({ type, list, line, metadata }: ListMatch): ScanMatch {
  const reference = `${list}:${line}`;
  return {
    records: [{ verdict: "exact", distance: 0, reference, detail: [`digest=${type}`, metadata] }],
    json: { list, line, digest: type, metadata },
  };
}

function copyMatch(match: ListMatch & Place): ScanMatch {
  const {
    tier = "review",
    distance,
    list,
    line,
    orientation,
    view = "original",
    region,
    supportCount,
    metadata,
    page,
  } = match;
  const seen = { orientation, view: viewText(view) };
  const detail = [placeText(match), regionText(region), metadata];
  return {
    records: [{ verdict: tier, distance, reference: `${list}:${line}`, ...seen, detail }],
    json: { list, line, ...(page !== undefined && { page }), ...(region && { region }), supportCount, metadata },
  };
}

/** Which digests of a file the lists know. */
export class DigestMatcher {
  readonly #lists: readonly HashList[];
  /** The types that a list has. */
  readonly types: (keyof FileDigests)[];

  constructor(lists: readonly HashList[]) {
    this.#lists = lists;
    this.types = [...new Set(lists.flatMap(({ digestTypes }) => digestTypes))];
  }

  matches(digests: FileDigests): ScanMatch[] {
    return this.#lists.flatMap((known) => known.searchSync({ digests }).map(exactMatch));
  }
}

/** Returns why nothing of an image is compared; undefined where something is. */
export function skippedReason(result: ImageHash, minQuality: number): "quality" | "unstable" | undefined {
  const reasons = (result.frames ?? [result]).map(({ quality, stable }) =>
    quality < minQuality ? "quality" : stable ? undefined : "unstable",
  );
  return reasons.includes(undefined) ? undefined : reasons[0];
}

/** The entries near an image or one of its pages, the nearest first. */
export async function imageMatches(
  result: ImageHash,
  lists: readonly HashList[],
  settings: SearchSettings,
  signal: AbortSignal,
): Promise<ScanMatch[]> {
  const matches: (ListMatch & Place)[] = [];
  for (const [page, { hash, quality, stable, orientations }] of (result.frames ?? [result]).entries()) {
    // Without the digests: their matches are not for each page.
    const query = { hash, quality, stable, ...(orientations && { orientations }) };
    for (const known of lists) {
      const found = await known.search(query, { ...settings, signal });
      matches.push(...found.map((match) => (result.frames ? { ...match, page } : match)));
    }
  }
  // The sort is stable: of equal distances the earlier page, then the earlier list comes first.
  return matches.sort((a, b) => a.distance - b.distance).map(nearMatch);
}

/** Returns the entries that are in a video, each at its nearest frame, by time. */
export async function frameMatches(
  { frames }: VideoSignature,
  lists: readonly HashList[],
  settings: SearchSettings,
  signal: AbortSignal,
): Promise<ScanMatch[]> {
  const best = new Map<string, ListMatch & Place & { timestampSeconds: number }>();
  let last: string | undefined;
  for (const frame of frames) {
    // The frames of a still scene often have one hash.
    const hashes = frame.hash + (frame.trimmed?.hash ?? "");
    if (hashes === last) continue;
    last = hashes;
    for (const query of frame.trimmed === undefined ? [frame] : [frame, frame.trimmed]) {
      for (const [number, known] of lists.entries()) {
        for (const match of await known.search(query, { ...settings, signal })) {
          const key = JSON.stringify([number, match.list, match.line]);
          const other = best.get(key);
          if (other !== undefined && other.distance <= match.distance) continue;
          const { timestampSeconds } = frame;
          best.set(key, { ...match, timestampSeconds, ...(query !== frame && { trimmed: true }) });
        }
      }
    }
  }
  return [...best.values()].toSorted((a, b) => a.timestampSeconds - b.timestampSeconds).map(nearMatch);
}

/** What lists know of an image. */
export interface CopyMatches {
  /** The image's hash in all orientations, unless its decoder refused it. */
  query: ImageQuery | undefined;
  /** The entries that name the image's bytes. */
  exact: ListMatch[];
  /** The entries that it is an altered copy of. */
  near: ListMatch[];
  /** True if the file has images behind the first, which were not read. */
  furtherPages?: true;
}

/** A hash in all orientations, as a search takes it. */
export type ImageQuery = NonNullable<ImageSearchResult["query"]>;

/**
 * Returns the entries that name an image's bytes or that it is an altered copy of, and the image's hash. The image is
 * read and hashed once for all lists. With `page` that image of the file is meant.
 */
export async function copyMatches(
  input: ImageInput,
  lists: readonly HashList[],
  options: Limits & { level: CopyLevel; page?: number; signal: AbortSignal },
): Promise<CopyMatches> {
  const results = await HashList.searchImageIn(lists, input, { ...options, orientations: true });
  const found = results.flatMap(({ matches }) => matches);
  const [first] = results;
  return {
    query: first?.query,
    exact: found.filter(({ type }) => type !== "pdq"),
    near: found.filter(({ type }) => type === "pdq"),
    ...(first?.furtherPages && { furtherPages: true }),
  };
}

/** Returns the records of the images of a file: its bytes once, then matches before reviews, the nearest first. */
export function copyRecords(pages: readonly PageResult<CopyMatches>[]): ScanMatch[] {
  const rank = { match: 0, review: 1 };
  const near = pages
    .flatMap(({ result, ...place }) => result.near.map((match) => ({ ...match, ...place })))
    .sort((a, b) => rank[a.tier ?? "review"] - rank[b.tier ?? "review"] || a.distance - b.distance);
  return [...(pages[0]?.result.exact ?? []).map(exactMatch), ...near.map(copyMatch)];
}
