import type { ViewHash } from "../views/query-image.js";
import { cornersOf, isWholeView, type Region } from "../views/views.js";
import type { CopyMatch, Tier } from "./types.js";

/** Meta's recommendation for PDQ, and what a machine may act on. */
export const sureRadius = 31;
/** What an alignment has to reach: of sixty chat screenshots one fell to 30. */
export const alignedRadius = 24;
/** Beyond the sure radius, as far as here, a second witness makes it a review. */
export const reviewRadius = 50;
/** Unrelated photographs were never as near, and an alignment brings a true copy from here to the sure radius. */
export const weakRadius = 72;
/** As far as the tables of an index are searched in a third of the time. */
export const tableRadius = 62;
/** A view is looked up as far as this unless it is to be aligned: up to here a search passes most of a list at a glance. */
export const viewRadius = 42;
/** And at `standard`, halves of a collage and what may have been mirrored before it was framed: a third of the time. */
export const partRadius = 34;
/** A hypothesis, of which there are many, has to have this quality, where the picture itself may have less. */
export const leastViewQuality = 80;
/** From here on a picture is a text screen, a chart, a title card. */
export const flatFrom = 0.8;

/** A known hash near a view, by its id. */
export interface NearHash {
  id: number;
  /** Differing bits, 0 … 256. */
  distance: number;
}

/** Where views are looked up: a `HashIndex`, or whatever answers like one. */
export interface CopyIndex {
  searchMany(
    queries: Uint8Array,
    options: { radius: number; limit: number; signal?: AbortSignal },
  ): Promise<NearHash[][]>;
  get(id: number): Uint8Array | undefined;
}

/** A variant of the picture near a hash of the list. */
export interface Candidate {
  id: number;
  distance: number;
  viewHash: ViewHash;
}

/** Most nearest hits of a variant that are looked at: a list may have one picture a million times. */
const hitsEach = 64;

/** What has been seen of each entry. */
export class CandidateSet {
  /** Nothing beyond the sure radius counts: for text screens, charts and title cards. */
  strict = false;
  readonly #entryOf: (id: number) => number;
  readonly #kindOf: (id: number) => number;
  readonly #sightings = new Map<number, Candidate[]>();

  /** @param kindOf ids of one entry may be of several kinds: what is seen of one is no reason not to align another. */
  constructor(entryOf: (id: number) => number, kindOf: (id: number) => number = () => 0) {
    this.#entryOf = entryOf;
    this.#kindOf = kindOf;
  }

  add(sighting: Candidate): void {
    const entry = this.#entryOf(sighting.id);
    const known = this.#sightings.get(entry);
    if (known === undefined) this.#sightings.set(entry, [sighting]);
    else known.push(sighting);
  }

  /** Looks all variants up at once, those of one radius. */
  async search(
    index: CopyIndex,
    variants: readonly ViewHash[],
    radius: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (variants.length === 0) return;
    const queries = new Uint8Array(32 * variants.length);
    variants.forEach(({ hash }, i) => queries.set(hash, 32 * i));
    const found = await index.searchMany(queries, { radius, limit: hitsEach, ...(signal && { signal }) });
    found.forEach((hits, i) => {
      for (const { id, distance } of hits) this.add({ id, distance, viewHash: variants[i]! });
    });
  }

  /** For each kind: sightings that are too far to be a match, those of one entry together, nearest first. */
  alignable(): Candidate[][][] {
    const kinds = new Map<number, Candidate[][]>();
    for (const seen of this.#sightings.values()) {
      for (const kind of new Set(seen.map(({ id }) => this.#kindOf(id)))) {
        const some = seen.filter(({ id }) => this.#kindOf(id) === kind);
        if (some.some(isSure)) continue;
        const lists = kinds.get(kind) ?? [];
        lists.push(some.sort(byDistance));
        kinds.set(kind, lists);
      }
    }
    return [...kinds.values()].map((lists) => lists.sort((a, b) => byDistance(a[0]!, b[0]!)));
  }

  /** All that was seen of each entry that counts. */
  accepted(): Map<number, readonly Candidate[]> {
    return new Map([...this.#sightings].filter(([, seen]) => this.#tierOf(seen) !== "none"));
  }

  /** The entries that count, nearest first, matches before reviews. */
  matches(): CopyMatch[] {
    const matches: CopyMatch[] = [];
    for (const [entry, seen] of this.#sightings) {
      const tier = this.#tierOf(seen);
      if (tier === "none") continue;
      const best = seen.reduce((a, b) => (byDistance(b, a) < 0 ? b : a));
      matches.push({ ...matchOf(best, tier), entry, supportCount: supportCount(seen) });
    }
    const order = { match: 0, review: 1 };
    return matches.sort((a, b) => order[a.tier] - order[b.tier] || a.distance - b.distance || a.entry - b.entry);
  }

  #tierOf(seen: readonly Candidate[]): Tier | "none" {
    let tier: Tier | "none" = "none";
    for (const sighting of seen) {
      if (isSure(sighting)) return "match";
      if (sighting.distance <= sureRadius) tier = "review";
    }
    return tier === "none" && !this.strict && supportCount(seen) >= 2 ? "review" : tier;
  }
}

/** Whether it is a match by itself. */
export function isSure({ distance, viewHash }: Candidate): boolean {
  return distance <= (viewHash.name === "aligned" ? alignedRadius : sureRadius);
}

export const byDistance = (a: Candidate, b: Candidate): number => a.distance - b.distance || a.id - b.id;

export function matchOf(
  { id, distance, viewHash }: Candidate,
  tier: "match" | "review",
): Omit<CopyMatch, "entry" | "supportCount"> {
  const { name, orientation, view } = viewHash;
  const whole = view === undefined || isWholeView(view);
  return {
    id,
    distance,
    tier,
    view: name,
    ...(!whole && { region: regionOf(view) }),
    ...(orientation !== "orig" && { orientation }),
  };
}

export function regionOf(view: Float32Array): Region {
  return cornersOf(view).map(([x, y]): [number, number] => [x, y]);
}

/** Different variants of the picture, and different ids, within the review radius. */
export function supportCount(seen: readonly Candidate[]): number {
  const near = seen.filter(({ distance }) => distance <= reviewRadius);
  return Math.max(new Set(near.map(({ viewHash }) => viewHash)).size, new Set(near.map(({ id }) => id)).size);
}
