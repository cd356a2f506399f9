import { integer } from "../../check.js";
import type { Attack } from "../attacks/attack.js";
import { type Entry, type Listed, strata } from "./list.js";
import type { EvaluationMethod, FoundEntries, FoundEntry } from "../methods/methods.js";
import type { Query } from "./plan.js";
import type { Row } from "./state.js";
import type { Clips } from "../video/clips.js";

/** Distances of other images are counted up to this one. */
const nearLimit = 100;

/** Everything a report is made of. */
export interface Measured {
  listed: Listed;
  attacks: readonly Attack[];
  methods: readonly EvaluationMethod[];
  queries: readonly Query[];
  /** The answers by method and query. */
  rowOf: (query: Query, method: EvaluationMethod) => Row | undefined;
  /** Queries whose image cannot be made, each with the reason. */
  failed: { name: string; reason: string }[];
  clips: Clips;
  versions: Record<string, string>;
  seed: number;
  listSize: number;
  queriesPerDay: number;
}

/** Returns the key of the rows of a method. */
export function methodKey(method: EvaluationMethod): string {
  return method.version === undefined ? method.name : `${method.name} ${method.version}`;
}

/** Returns an answer as a row, which counts the original apart from all other images. */
export function rowFrom(
  query: Query,
  method: EvaluationMethod,
  entries: readonly Entry[],
  found: FoundEntries,
  ms: number,
): Row {
  const own = entries[query.entry]!.group;
  const { usable = true, hashes = 1, stages } = found;
  const { bits, radius, reviewRadius = radius } = method;
  const tierOf = ({ tier, distance }: FoundEntry): "match" | "review" | undefined =>
    tier ?? (distance <= radius ? "match" : distance <= reviewRadius ? "review" : undefined);
  let best: FoundEntry | undefined;
  let nearest: FoundEntry | undefined;
  const others = new Map<string, number>();
  const falsely = new Map<number, [number, number]>();
  for (const one of found.entries) {
    integer("entry", one.entry, 0, entries.length - 1);
    integer("distance", one.distance, 0, bits);
    const entry = entries[one.entry]!;
    if (entry.group === own) {
      if (best === undefined || one.distance < best.distance) best = one;
      continue;
    }
    if (!usable) continue;
    if (nearest === undefined || one.distance < nearest.distance) nearest = one;
    const tier = tierOf(one);
    const stratum = strata.indexOf(entry.stratum);
    if (tier !== undefined) {
      const [matches, reviews] = falsely.get(stratum) ?? [0, 0];
      falsely.set(stratum, tier === "match" ? [matches + 1, reviews] : [matches, reviews + 1]);
    }
    if (one.distance > nearLimit) continue;
    const key = `${stratum} ${one.distance}`;
    others.set(key, (others.get(key) ?? 0) + 1);
  }
  const nearTier = nearest && tierOf(nearest);
  return {
    q: query.name,
    m: methodKey(method),
    d: best?.distance ?? null,
    ...(best?.tier !== undefined && { t: best.tier }),
    ...(best?.view !== undefined && { v: best.view }),
    u: usable ? 1 : 0,
    w: [...others].map(([key, count]) => [...(key.split(" ").map(Number) as [number, number]), count]),
    ...(nearest && { n: nearTier ? [nearest.entry, nearest.distance, nearTier] : [nearest.entry, nearest.distance] }),
    f: [...falsely].map(([stratum, counts]) => [stratum, ...counts]),
    h: hashes,
    ms: Math.round(1000 * (found.milliseconds ?? ms)) / 1000,
    ...(stages && { s: stages.map(({ name, hashes: h, milliseconds }) => [name, h, milliseconds]) }),
  };
}
