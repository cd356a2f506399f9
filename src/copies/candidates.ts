import { confirmedRadius, matchRadius, reviewRadius } from "../thresholds.js";
import type { ViewHash } from "../views/query-image.js";
import { cornersOf, isWholeView, type Region } from "../views/views.js";
import type { CopyIndex, CopyMatch, NearHash, Tier } from "./types.js";

/** An alignment has to come this near to be a match by itself: of sixty unrelated chat screenshots one came to 30. */
export const alignedRadius = 24;

/** A view of the query image near a known hash. */
export interface Candidate extends NearHash {
  viewHash: ViewHash;
}

/** How many of a view's nearest hashes are looked at: a list may have one image a million times. */
const nearestEach = 64;

/** Which known hashes belong together, by their ids. */
export interface CandidateGroups {
  /** The entry of a hash. Default: each id is an entry. */
  entryOf?: (id: number) => number;
  /**
   * The group of a hash within its entry: a match by a hash of one group is no reason not to align one of another.
   * Default: one group.
   */
  groupOf?: (id: number) => number;
}

/** The candidates of one query image, by entry. */
export class CandidateSet {
  /** True for text screens, charts and title cards: nothing beyond the radius counts. */
  strict = false;
  /** False for images with large even areas, of which unrelated ones come near: no view confirms another one then. */
  confirms = true;
  readonly #radius: number;
  readonly #entryOf: (id: number) => number;
  readonly #groupOf: (id: number) => number;
  readonly #candidates = new Map<number, Candidate[]>();

  /** @param radius 0 … 31. Below 31 it bounds every match, and nothing beyond it is a review. */
  constructor(radius: number, { entryOf = (id) => id, groupOf = () => 0 }: CandidateGroups) {
    this.#radius = radius;
    this.#entryOf = entryOf;
    this.#groupOf = groupOf;
  }

  add(candidate: Candidate): void {
    const entry = this.#entryOf(candidate.id);
    const others = this.#candidates.get(entry);
    if (others === undefined) this.#candidates.set(entry, [candidate]);
    else others.push(candidate);
  }

  /** Looks up all views, which have the same radius, at once. */
  async search(
    index: CopyIndex,
    views: readonly ViewHash[],
    radius: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (views.length === 0) return;
    const queries = new Uint8Array(32 * views.length);
    views.forEach(({ hash }, i) => queries.set(hash, 32 * i));
    const found = await index.searchMany(queries, { radius, limit: nearestEach, ...(signal && { signal }) });
    found.forEach((near, i) => {
      for (const { id, crop, distance } of near) {
        this.add({ id, ...(crop !== undefined && { crop }), distance, viewHash: views[i]! });
      }
    });
  }

  /** For each group the candidates that are no match yet: a list an entry, the nearest first. */
  alignable(): Candidate[][][] {
    const groups = new Map<number, Candidate[][]>();
    for (const candidates of this.#candidates.values()) {
      for (const group of new Set(candidates.map(({ id }) => this.#groupOf(id)))) {
        const some = candidates.filter(({ id }) => this.#groupOf(id) === group);
        if (some.some((candidate) => isSure(candidate, this.#radius))) continue;
        const lists = groups.get(group) ?? [];
        lists.push(some.sort(byDistance));
        groups.set(group, lists);
      }
    }
    return [...groups.values()].map((lists) => lists.sort((a, b) => byDistance(a[0]!, b[0]!)));
  }

  /** Returns the candidates of each entry that is a match or a review. */
  accepted(): Map<number, readonly Candidate[]> {
    return new Map([...this.#candidates].filter(([, candidates]) => this.#tierOf(candidates) !== undefined));
  }

  /**
   * The entries that are a match or a review, by their nearest candidate: matches first, then by distance and entry.
   */
  matches(): CopyMatch[] {
    const matches: [entry: number, match: CopyMatch][] = [];
    for (const [entry, candidates] of this.#candidates) {
      const tier = this.#tierOf(candidates);
      if (tier === undefined) continue;
      const nearest = candidates.reduce((a, b) => (byDistance(b, a) < 0 ? b : a));
      // Beyond the radius only the confirmed view is a match.
      const best = tier === "match" && nearest.distance > this.#radius ? this.confirmed(candidates)! : nearest;
      matches.push([entry, matchOf(best, tier, supportCount(candidates))]);
    }
    const order = { match: 0, review: 1 };
    matches.sort(([x, a], [y, b]) => order[a.tier] - order[b.tier] || a.distance - b.distance || x - y);
    return matches.map(([, match]) => match);
  }

  /**
   * Returns the nearest aligned view of an entry, where a view that was not moved towards the entry confirms it: no
   * unrelated image had both. Undefined where there is none.
   */
  confirmed(candidates: readonly Candidate[]): Candidate | undefined {
    if (!this.confirms || this.strict || this.#radius < matchRadius) return undefined;
    const near = (radius: number, aligned: boolean): Candidate[] =>
      candidates.filter(({ distance, viewHash }) => distance <= radius && (viewHash.name === "aligned") === aligned);
    return near(reviewRadius, false).length === 0 ? undefined : near(confirmedRadius, true).sort(byDistance)[0];
  }

  #tierOf(candidates: readonly Candidate[]): Tier | undefined {
    if (candidates.some((candidate) => isSure(candidate, this.#radius))) return "match";
    if (this.confirmed(candidates) !== undefined) return "match";
    if (candidates.some(({ distance }) => distance <= this.#radius)) return "review";
    const strict = this.strict || this.#radius < matchRadius;
    return !strict && supportCount(candidates) >= 2 ? "review" : undefined;
  }
}

/** Returns whether a candidate is a match by itself. */
export function isSure({ distance, viewHash }: Candidate, radius: number): boolean {
  return distance <= (viewHash.name === "aligned" ? Math.min(alignedRadius, radius) : radius);
}

/** Sorts candidates by distance, then id, then crop; an original comes before its crops. */
export function byDistance(a: Candidate, b: Candidate): number {
  return a.distance - b.distance || a.id - b.id || (a.crop ?? -1) - (b.crop ?? -1);
}

/** A candidate as the match of its entry. */
export function matchOf({ id, crop, distance, viewHash }: Candidate, tier: Tier, support: number): CopyMatch {
  const { name, orientation, view } = viewHash;
  const region = view === undefined || isWholeView(view) ? undefined : regionOf(view);
  return {
    id,
    ...(crop !== undefined && { crop }),
    distance,
    tier,
    view: name,
    ...(region && { region }),
    orientation,
    supportCount: support,
  };
}

/** Returns the corners of a view. */
export function regionOf(view: Float32Array): Region {
  return cornersOf(view).map(([x, y]): [number, number] => [x, y]);
}

/** How many views of the image, or hashes of the entry, are within the review radius, whichever are more. */
export function supportCount(candidates: readonly Candidate[]): number {
  const near = candidates.filter(({ distance }) => distance <= reviewRadius);
  const views = new Set(near.map(({ viewHash }) => viewHash));
  const hashes = new Set(near.map(({ id, crop = -1 }) => `${id} ${crop}`));
  return Math.max(views.size, hashes.size);
}
