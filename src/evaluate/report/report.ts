import { generatedKinds } from "../generated/generated.js";
import { similarKinds } from "../generated/similar.js";
import { jobOf, type ListItem } from "../run/list.js";
import { DistancesToAll } from "../methods/distances-to-all.js";
import type { EvaluationMethod } from "../methods/method.js";
import type { PlannedQuery } from "../run/plan.js";
import type { Pool } from "../run/pool.js";
import { blurhashOf } from "./blurhash.js";
import type { Measured } from "../run/measured.js";
import { isFound, methodReport } from "./figures.js";
import type { EvaluationReport, Example } from "./types.js";
import { videoReport } from "./videos.js";

interface Making {
  pool: Pool;
  previews: number;
  signal: AbortSignal | undefined;
}

/** Counts the pairs of different photographs at each distance. */
function pairDistances(items: readonly ListItem[]): number[] {
  const photos = items.filter(({ source }) => "path" in source);
  const distances = new DistancesToAll(photos.map(({ hash }) => hash));
  const counts = Array.from({ length: 257 }, () => 0);
  photos.forEach((photo, i) => {
    const from = distances.from(photo.hash);
    for (let k = 0; k < i; k++) if (photos[k]!.group !== photo.group) counts[from[k]!]!++;
  });
  return counts;
}

/**
 * Chooses what is shown: every false match first, then the nearest misses of each attack, so that every attack has
 * some.
 */
function chosen(
  measured: Measured,
  method: EvaluationMethod,
  most: number,
): [Example["kind"], PlannedQuery, number, number | null][] {
  const wrong: [Example["kind"], PlannedQuery, number, number | null][] = [];
  const missed = new Map<string, [PlannedQuery, number | null][]>();
  for (const query of measured.queries) {
    const row = measured.rowOf(query, method);
    if (row === undefined) continue;
    const [listIndex, distance, tier] = row.n ?? [];
    if (tier !== undefined)
      wrong.push([tier === "match" ? "false match" : "false review", query, listIndex!, distance!]);
    if (query.counted && !isFound(row, method)) {
      const some = missed.get(query.attack!) ?? [];
      some.push([query, row.d]);
      missed.set(query.attack!, some);
    }
  }
  wrong.sort((a, b) => (a[0] === b[0] ? a[3]! - b[3]! : a[0] === "false match" ? -1 : 1));
  const nearest = [...missed.values()].map((some) => some.sort((a, b) => (a[1] ?? Infinity) - (b[1] ?? Infinity)));
  const misses: typeof wrong = [];
  for (let round = 0; misses.length < most && nearest.some((some) => some.length > round); round++) {
    for (const some of nearest) {
      const one = some[round];
      if (one !== undefined) misses.push(["miss", one[0], one[0].listIndex, one[1]]);
    }
  }
  return [...wrong, ...misses].slice(0, most);
}

async function examples(measured: Measured, { pool, previews, signal }: Making): Promise<Example[]> {
  const method = measured.methods.at(-1)!;
  const { items } = measured.listed;
  const blurred = async (item: ListItem, attack: string | undefined): Promise<string | null> => {
    signal?.throwIfAborted();
    try {
      return await blurhashOf(await pool.make(jobOf(item, attack, measured.seed)));
    } catch {
      signal?.throwIfAborted();
      return null; // the image was made before; if it could not be made, the report names it
    }
  };
  return Promise.all(
    chosen(measured, method, previews).map(async ([kind, query, listIndex, distance]): Promise<Example> => {
      const own = items[query.listIndex]!;
      const other = items[listIndex]!;
      const blurhashes: Example["blurhashes"] = [await blurred(own, query.attack), await blurred(other, undefined)];
      return { kind, method: method.name, query: query.name, image: other.name, distance, blurhashes };
    }),
  );
}

/** Computes all figures of an evaluation. */
export async function reportOf(measured: Measured, making: Making): Promise<EvaluationReport> {
  const { listed, attacks, methods, versions, seed, failed } = measured;
  const count = (stratum: string): number => listed.items.filter((item) => item.stratum === stratum).length;
  const videos = videoReport(measured.clips);
  const { unreadable, skipped, duplicates, same, lowQuality } = listed;
  return {
    schema: 2,
    versions,
    seed,
    attacks: attacks.map(({ name, family, description }) => ({ name, family, description })),
    images: {
      originals: count("original"),
      unrelated: count("unrelated"),
      generated: Object.fromEntries([
        ...generatedKinds.map((kind) => [kind, count(kind)]),
        ...similarKinds.map((kind) => [kind, count(kind)]).filter(([, n]) => n !== 0),
      ]) as Record<string, number>,
      unreadable,
      skipped,
      duplicates,
      same,
      lowQuality,
      failed,
      pairDistances: pairDistances(listed.items),
    },
    methods: methods.map((method) => methodReport(measured, method)),
    ...(videos && { videos }),
    examples: await examples(measured, making),
  };
}
