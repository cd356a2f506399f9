import { integer } from "../../check.js";
import type { Attack } from "../attacks/attack.js";
import { type Listed, type ListItem, strata } from "./list.js";
import type { EvaluationAnswer, EvaluationMatch, EvaluationMethod } from "../methods/method.js";
import type { PlannedQuery } from "./plan.js";
import type { Row } from "./state.js";
import type { Clips } from "../video/clips.js";

/** Distances to other images are counted up to this one. */
const nearLimit = 100;

/** Everything that a report is made of. */
export interface Measured {
  listed: Listed;
  attacks: readonly Attack[];
  methods: readonly EvaluationMethod[];
  queries: readonly PlannedQuery[];
  /** Returns the row of a query and a method. */
  rowOf: (query: PlannedQuery, method: EvaluationMethod) => Row | undefined;
  /** Queries whose image could not be made, with the reason. */
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

/** Makes a row of an answer. The query's own image is kept apart from all others. */
export function rowFrom(
  query: PlannedQuery,
  method: EvaluationMethod,
  items: readonly ListItem[],
  answer: EvaluationAnswer,
  ms: number,
): Row {
  const own = items[query.listIndex]!.group;
  const { usable = true, hashes = 1, stages } = answer;
  const { bits, radius, reviewRadius = radius } = method;
  const tierOf = ({ tier, distance }: EvaluationMatch): "match" | "review" | undefined =>
    tier ?? (distance <= radius ? "match" : distance <= reviewRadius ? "review" : undefined);
  let best: EvaluationMatch | undefined;
  let nearest: EvaluationMatch | undefined;
  const others = new Map<string, number>();
  const falsely = new Map<number, [number, number]>();
  for (const one of answer.matches) {
    integer("listIndex", one.listIndex, 0, items.length - 1);
    integer("distance", one.distance, 0, bits);
    const item = items[one.listIndex]!;
    if (item.group === own) {
      if (best === undefined || one.distance < best.distance) best = one;
      continue;
    }
    if (!usable) continue;
    if (nearest === undefined || one.distance < nearest.distance) nearest = one;
    const tier = tierOf(one);
    const stratum = strata.indexOf(item.stratum);
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
    ...(nearest && {
      n: nearTier ? [nearest.listIndex, nearest.distance, nearTier] : [nearest.listIndex, nearest.distance],
    }),
    f: [...falsely].map(([stratum, counts]) => [stratum, ...counts]),
    h: hashes,
    ms: Math.round(1000 * (answer.milliseconds ?? ms)) / 1000,
    ...(stages && { s: stages.map(({ name, hashes: h, milliseconds }) => [name, h, milliseconds]) }),
  };
}
