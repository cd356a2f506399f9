import { generatedKinds } from "../generated/generated.js";
import { type Entry, jobOf } from "../run/list.js";
import { type EvaluationMethod, Distances } from "../methods/methods.js";
import type { Query } from "../run/plan.js";
import type { Pool } from "../run/pool.js";
import { blurhashOf } from "../preview.js";
import type { Measured } from "../run/measured.js";
import { isFound, methodReport } from "./figures.js";
import type { EvaluationReport, Example } from "./types.js";
import { videoReport } from "./videos.js";

interface Making {
  pool: Pool;
  previews: number;
  signal: AbortSignal | undefined;
}

/** How many pairs of photographs that are not the same one lie at each distance. */
function pairDistances(entries: readonly Entry[]): number[] {
  const photos = entries.filter(({ source }) => "path" in source);
  const distances = new Distances(photos.map(({ hash }) => hash));
  const counts = Array.from({ length: 257 }, () => 0);
  photos.forEach((photo, i) => {
    const from = distances.from(photo.hash);
    for (let k = 0; k < i; k++) if (photos[k]!.group !== photo.group) counts[from[k]!]!++;
  });
  return counts;
}

/** What is shown: every false match first, then misses, of each attack the nearest, so that all kinds come up. */
function chosen(
  measured: Measured,
  method: EvaluationMethod,
  most: number,
): [Example["kind"], Query, number, number | null][] {
  const wrong: [Example["kind"], Query, number, number | null][] = [];
  const missed = new Map<string, [Query, number | null][]>();
  for (const query of measured.queries) {
    const row = measured.rowOf(query, method);
    if (row === undefined) continue;
    const [entry, distance, tier] = row.n ?? [];
    if (tier !== undefined) wrong.push([tier === "match" ? "false match" : "false review", query, entry!, distance!]);
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
      if (one !== undefined) misses.push(["miss", one[0], one[0].entry, one[1]]);
    }
  }
  return [...wrong, ...misses].slice(0, most);
}

async function examples(measured: Measured, { pool, previews, signal }: Making): Promise<Example[]> {
  const method = measured.methods.at(-1)!;
  const { entries } = measured.listed;
  const blurred = async (entry: Entry, attack: string | undefined): Promise<string | null> => {
    signal?.throwIfAborted();
    try {
      return await blurhashOf(await pool.make(jobOf(entry, attack, measured.seed)));
    } catch {
      signal?.throwIfAborted();
      return null; // it was there before, and is named if it could not be made
    }
  };
  return Promise.all(
    chosen(measured, method, previews).map(async ([kind, query, entry, distance]): Promise<Example> => {
      const own = entries[query.entry]!;
      const other = entries[entry]!;
      const blurhashes: Example["blurhashes"] = [await blurred(own, query.attack), await blurred(other, undefined)];
      return { kind, method: method.name, query: query.name, entry: other.name, distance, blurhashes };
    }),
  );
}

/** All figures of an evaluation. */
export async function reportOf(measured: Measured, making: Making): Promise<EvaluationReport> {
  const { listed, attacks, methods, versions, seed, failed } = measured;
  const count = (stratum: string): number => listed.entries.filter((entry) => entry.stratum === stratum).length;
  const videos = videoReport(measured.clips);
  const { unreadable, skipped, duplicates, same, lowQuality } = listed;
  return {
    schema: 1,
    versions,
    seed,
    attacks: attacks.map(({ name, family, description }) => ({ name, family, description })),
    images: {
      originals: count("original"),
      unrelated: count("unrelated"),
      generated: Object.fromEntries(generatedKinds.map((kind) => [kind, count(kind)])),
      unreadable,
      skipped,
      duplicates,
      same,
      lowQuality,
      failed,
      pairDistances: pairDistances(listed.entries),
    },
    methods: methods.map((method) => methodReport(measured, method)),
    ...(videos && { videos }),
    examples: await examples(measured, making),
  };
}
