import type { Attack, AttackFamily } from "../attacks/attack.js";
import type { ListItem } from "../run/list.js";
import { grouped, mean, meanInterval, quantile, share, upperRate, wilson } from "./metrics.js";
import type { EvaluationMethod } from "../methods/method.js";
import type { Measured } from "../run/measured.js";
import { isFraming, type PlannedQuery } from "../run/plan.js";
import type { Row } from "../run/state.js";
import type { AttackFigures, MethodReport, Recall } from "./types.js";
import { falseMatchesOf } from "./false-matches.js";

/** An altered original, and the row that a method gave for it. */
interface Case {
  query: PlannedQuery;
  row: Row;
  original: ListItem;
}

/** Returns the distances at which recall is given. For PDQ: a strict one, Meta's 31, and two for review. */
export function radiiOf({ bits }: EvaluationMethod): number[] {
  return [24, 31, 40, 50].map((radius) => Math.round((radius * bits) / 256));
}

function tierOf(row: Row, method: EvaluationMethod): "match" | "review" | undefined {
  if (row.u === 0 || row.d === null) return undefined;
  if (row.t !== undefined) return row.t;
  return row.d <= method.radius ? "match" : row.d <= (method.reviewRadius ?? method.radius) ? "review" : undefined;
}

/** Returns true for a match or a review. */
export function isFound(row: Row, method: EvaluationMethod): boolean {
  return tierOf(row, method) !== undefined;
}

function recallOf(cases: readonly Case[], method: EvaluationMethod): Recall {
  const of = (good: (row: Row) => boolean): number => share(cases.filter(({ row }) => good(row)).length, cases.length);
  return {
    match: of((row) => tierOf(row, method) === "match"),
    found: of((row) => isFound(row, method)),
    at: Object.fromEntries(
      radiiOf(method).map((radius) => [radius, of((row) => row.u === 1 && row.d !== null && row.d <= radius)]),
    ),
  };
}

/** Returns the mean over attacks, each with the same weight. */
function meanRecall(all: readonly Recall[]): Recall {
  const radii = Object.keys(all[0]?.at ?? {});
  return {
    match: mean(all.map(({ match }) => match)),
    found: mean(all.map(({ found }) => found)),
    at: Object.fromEntries(radii.map((radius) => [radius, mean(all.map(({ at }) => at[radius]!))])),
  };
}

/** Returns a quantile of the distances. Distances that are not known count as the farthest. */
function farQuantile(cases: readonly Case[], part: number): number | null {
  const value = quantile(
    cases.map(({ row }) => row.d ?? Infinity),
    part,
  );
  return value === Infinity ? null : value;
}

function attackFigures(
  name: string,
  family: AttackFamily,
  cases: readonly Case[],
  method: EvaluationMethod,
): AttackFigures {
  const recall = recallOf(cases, method);
  const falseMatches = cases.reduce((sum, { row }) => sum + row.f.reduce((all, [, matches]) => all + matches, 0), 0);
  return {
    name,
    family,
    n: cases.length,
    ...recall,
    interval: wilson(Math.round(recall.match * cases.length), cases.length),
    median: farQuantile(cases, 0.5),
    p90: farQuantile(cases, 0.9),
    refused: share(cases.filter(({ row }) => row.u === 0).length, cases.length),
    falseMatches,
    hashes: mean(cases.map(({ row }) => row.h)),
    milliseconds: quantile(
      cases.map(({ row }) => row.ms),
      0.5,
    )!,
  };
}

const classes: [string, [string, (item: ListItem) => boolean][]][] = [
  [
    "longer side",
    [
      ["up to 512", ({ side }) => side <= 512],
      ["513 to 1,024", ({ side }) => side > 512 && side <= 1024],
      ["more", ({ side }) => side > 1024],
    ],
  ],
  [
    "quality",
    [
      ["50 to 79", ({ quality }) => quality < 80],
      ["80 to 99", ({ quality }) => quality >= 80 && quality < 100],
      ["100", ({ quality }) => quality === 100],
    ],
  ],
  [
    "fullest colour cell",
    [
      ["under 10 %", ({ flatness }) => flatness < 0.1],
      ["10 to 30 %", ({ flatness }) => flatness >= 0.1 && flatness < 0.3],
      ["30 % and more", ({ flatness }) => flatness >= 0.3],
    ],
  ],
];

const framedOnly: typeof classes = [
  [
    "sides of a frame's colour, in frames and screens",
    [
      ["none or one", ({ plainSides }) => plainSides < 2],
      ["two to four", ({ plainSides }) => plainSides >= 2],
    ],
  ],
];

/**
 * Groups recall by properties of the originals. What frames and screens do depends on whether the sides of an original
 * have a frame's colour. Generated images of that kind are a group of their own, and count nowhere else.
 */
function strataOf(all: readonly Case[], attacks: readonly Attack[], method: EvaluationMethod): MethodReport["strata"] {
  const cases = all.filter(({ query }) => query.counted);
  const framing = new Set<string | undefined>(attacks.filter(isFraming).map(({ name }) => name));
  const framed = all.filter(({ query }) => framing.has(query.attack));
  const generated = framed.filter(({ original }) => original.stratum === "edges");
  return [
    ...groupsOf(classes, cases, method),
    ...groupsOf(
      framedOnly,
      framed.filter(({ query }) => query.counted),
      method,
    ),
    ...groupsOf([["sides of a frame's colour, generated", [["all", () => true]]]], generated, method),
  ];
}

function groupsOf(groups: typeof classes, cases: readonly Case[], method: EvaluationMethod): MethodReport["strata"] {
  return groups.flatMap(([by, parts]) =>
    parts.flatMap(([name, is]) => {
      const some = cases.filter(({ original }) => is(original));
      if (some.length === 0) return [];
      const originals = new Set(some.map(({ original }) => original.group)).size;
      return [{ by, name, originals, ...recallOf(some, method) }];
    }),
  );
}

function viewsOf(
  cases: readonly Case[],
  method: EvaluationMethod,
  first: (query: PlannedQuery) => boolean,
): MethodReport["views"] {
  const by = new Map<string, { distances: number[]; added: number }>();
  for (const { row, query } of cases) {
    if (!isFound(row, method)) continue;
    const name = row.v ?? "original";
    const one = by.get(name) ?? { distances: [], added: 0 };
    one.distances.push(row.d!);
    if (!first(query)) one.added++;
    by.set(name, one);
  }
  return [...by]
    .map(([name, { distances, added }]) => {
      return { name, found: distances.length, added, medianDistance: quantile(distances, 0.5) };
    })
    .sort((a, b) => b.found - a.found || (a.name < b.name ? -1 : 1));
}

function stagesOf(rows: readonly Row[]): MethodReport["stages"] {
  const by = new Map<string, [number, number]>();
  for (const { s = [] } of rows) {
    for (const [name, hashes, milliseconds] of s) {
      const [h, ms] = by.get(name) ?? [0, 0];
      by.set(name, [h + hashes, ms + milliseconds]);
    }
  }
  return [...by].map(([name, [hashes, milliseconds]]) => {
    return { name, hashes: hashes / rows.length, milliseconds: milliseconds / rows.length };
  });
}

/** Computes the figures of one method. */
export function methodReport(measured: Measured, method: EvaluationMethod): MethodReport {
  const { listed, attacks, queries, methods, rowOf } = measured;
  const all = queries.flatMap((query) => {
    const row = rowOf(query, method);
    return row === undefined ? [] : [{ query, row, original: listed.items[query.listIndex]! }];
  });
  const cases = all.filter(({ query }) => query.counted);
  const rows = all.map(({ row }) => row);
  const figures = attacks.flatMap(({ name, family }) => {
    const some = cases.filter(({ query }) => query.attack === name);
    return some.length === 0 ? [] : [attackFigures(name, family, some, method)];
  });
  const families = [...new Set(figures.map(({ family }) => family))].map((family) => {
    const some = figures.filter((one) => one.family === family);
    return { family, attacks: some.length, ...meanRecall(some) };
  });
  const byOriginal = grouped(cases, ({ original }) => original.group);
  const eachOriginal = [...byOriginal.values()].map((some) => recallOf(some, method).match);
  const baseline = methods[0]!;
  const byBaseline = (query: PlannedQuery): boolean => {
    const row = rowOf(query, baseline);
    return method !== baseline && row !== undefined && isFound(row, baseline);
  };
  const distances = Array.from({ length: method.bits + 2 }, () => 0);
  for (const { row } of cases) distances[row.d ?? method.bits + 1]!++;
  const falseMatches = falseMatchesOf(measured, method, all);
  return {
    name: method.name,
    bits: method.bits,
    radius: method.radius,
    reviewRadius: method.reviewRadius ?? method.radius,
    recall: { ...meanRecall(figures), interval: meanInterval(eachOriginal) },
    families,
    attacks: figures,
    strata: strataOf(all, attacks, method),
    views: viewsOf(cases, method, byBaseline),
    stages: stagesOf(rows),
    distances,
    falseMatches,
    curve: curveOf(cases, rows, method),
    cost: {
      hashes: mean(rows.map(({ h }) => h)),
      milliseconds:
        quantile(
          rows.map(({ ms }) => ms),
          0.5,
        ) ?? 0,
      p90Milliseconds:
        quantile(
          rows.map(({ ms }) => ms),
          0.9,
        ) ?? 0,
    },
  };
}

/** Computes recall, as a mean over attacks, and the share of queries with a wrong image, at each distance. */
function curveOf(cases: readonly Case[], rows: readonly Row[], { bits }: EvaluationMethod): MethodReport["curve"] {
  const most = Math.min(bits, Math.round((90 * bits) / 256));
  const byAttack = [...grouped(cases, ({ query }) => query.attack).values()];
  return Array.from({ length: most + 1 }, (_, distance) => {
    const within = ({ row }: Case): boolean => row.u === 1 && row.d !== null && row.d <= distance;
    const wrong = rows.filter(({ u, n }) => u === 1 && n !== undefined && n[1] <= distance).length;
    return {
      distance,
      recall: mean(byAttack.map((some) => share(some.filter(within).length, some.length))),
      falseRate: share(wrong, rows.length),
      upper: upperRate(wrong, rows.length),
    };
  });
}
