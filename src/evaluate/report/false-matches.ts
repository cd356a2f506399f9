import { type SimilarKind, similarKinds } from "../generated/similar.js";
import { type ListItem, type Stratum, strata } from "../run/list.js";
import { share, upperRate } from "./metrics.js";
import type { EvaluationMethod } from "../methods/method.js";
import type { Measured } from "../run/measured.js";
import type { Row } from "../run/state.js";
import type { FalseMatches, FalsePairs } from "./types.js";

/** Kinds of images with the same dangers. Flat graphics come nearer to one another than any photographs. */
const kindOf: Record<Stratum, string> = {
  ...(Object.fromEntries(similarKinds.map((kind) => [kind, "similar images"])) as Record<SimilarKind, string>),
  // The same words, letter for letter.
  "same-caption": "the same captions",
  "same-meme": "the same captions",
  original: "photographs",
  unrelated: "photographs",
  scene: "generated scenes",
  text: "text, charts, title cards",
  conversation: "text, charts, title cards",
  chart: "text, charts, title cards",
  title: "text, charts, title cards",
  feed: "screenshots of feeds",
  edges: "edges of the frame's colour",
};
/** In the order of the strata: similar images come last. */
const kinds = [...new Set(strata.map((stratum) => kindOf[stratum]))];

const radii = [31, 40, 50, 60, 70, 80];

interface Sums {
  pairs: number;
  matches: number;
  reviews: number;
  nearest: number;
  at: number[];
}

/** Counts pairs of queries and listed images that have nothing to do with one another. */
export function falseMatchesOf(
  { listed, listSize, queriesPerDay }: Measured,
  method: EvaluationMethod,
  answered: readonly { row: Row; original: ListItem }[],
): FalseMatches {
  const scaled = radii.map((radius) => Math.round((radius * method.bits) / 256));
  const counts = kinds.map((kind) => listed.items.filter(({ stratum }) => kindOf[stratum] === kind).length);
  const table = kinds.map(() =>
    kinds.map((): Sums => ({ pairs: 0, matches: 0, reviews: 0, nearest: Infinity, at: scaled.map(() => 0) })),
  );
  const inGroup = new Map<number, number>();
  for (const { group } of listed.items) inGroup.set(group, (inGroup.get(group) ?? 0) + 1);
  let falseQueries = 0;
  for (const { row, original } of answered) {
    if (row.f.some(([, matches]) => matches > 0)) falseQueries++;
    if (row.u === 0) continue;
    const own = kinds.indexOf(kindOf[original.stratum]);
    // A group is of photographs, or one image.
    counts.forEach((count, k) => (table[own]![k]!.pairs += k === own ? count - inGroup.get(original.group)! : count));
    for (const [stratum, distance, count] of row.w) {
      const sums = table[own]![kinds.indexOf(kindOf[strata[stratum]!])]!;
      sums.nearest = Math.min(sums.nearest, distance);
      scaled.forEach((radius, i) => (sums.at[i]! += distance <= radius ? count : 0));
    }
    for (const [stratum, matches, reviews] of row.f) {
      const sums = table[own]![kinds.indexOf(kindOf[strata[stratum]!])]!;
      sums.matches += matches;
      sums.reviews += reviews;
    }
  }
  const pairsOf = ({ pairs, matches, reviews, nearest, at }: Sums): Omit<FalsePairs, "queries" | "listed"> => ({
    pairs,
    matches,
    reviews,
    nearest: nearest === Infinity ? null : nearest,
    at: Object.fromEntries(scaled.map((radius, i) => [radius, at[i]!])),
    upper: upperRate(matches, pairs),
  });
  const found = kinds.flatMap((queries, q) =>
    kinds.flatMap((among, a) =>
      table[q]![a]!.pairs === 0 ? [] : [{ queries, listed: among, ...pairsOf(table[q]![a]!) }],
    ),
  );
  const total = (value: (pairs: FalsePairs) => number): number => found.reduce((sum, one) => sum + value(one), 0);
  const nearest = Math.min(...found.map((one) => one.nearest ?? Infinity));
  // Photographs and generated scenes only, because they are not flat. The table has the others.
  const photos = found.filter(({ queries, listed: among }) =>
    [queries, among].every((kind) => kind === kinds[0] || kind === kinds[1]),
  );
  const [pairs, matches] = [
    photos.reduce((sum, one) => sum + one.pairs, 0),
    photos.reduce((sum, one) => sum + one.matches, 0),
  ];
  const perDay = listSize * queriesPerDay;
  return {
    queries: answered.length,
    falseQueries,
    upper: upperRate(falseQueries, answered.length),
    pairs: total((one) => one.pairs),
    matches: total((one) => one.matches),
    reviews: total((one) => one.reviews),
    nearest: nearest === Infinity ? null : nearest,
    strata: found,
    expected: {
      listSize,
      queriesPerDay,
      pairs,
      perDay: share(matches, pairs) * perDay,
      upperPerDay: upperRate(matches, pairs) * perDay,
    },
  };
}
