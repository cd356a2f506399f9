/** From how many rows on the tables of an index are faster than a scan on this machine. */
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { HashIndex, type SearchOptions } from "../../../index.js";
import { UsageError } from "../../table/parse.js";

type Strategy = NonNullable<SearchOptions["strategy"]>;

/** The tables answer no search beyond the last radius. */
const radii = [15, 23, 31, 39, 47, 55, 63, 71, 79];
/** With fewer entries, most crossovers are not reached. */
const leastRows = 32_768;
const fewestRows = 4096;
const batch = 32;
const turns = 3;

/** From how many rows on the tables are faster, for queries up to a radius. Infinity is never. */
export interface Crossover {
  /** Differing bits. */
  radius: number;
  /** Rows, for one query. */
  single: number;
  /** Rows, for each query of a batch of 32. */
  batch: number;
}

/** Writes crossovers as `EMPREINTE_CROSSOVERS` takes them. */
export function crossoversText(crossovers: readonly Crossover[]): string {
  const rows = (count: number): string => (count === Infinity ? "never" : String(count));
  return crossovers.map(({ radius, single, batch }) => `${radius}:${rows(single)}/${rows(batch)}`).join(",");
}

/** What one size of an index says of a radius: the time of the tables divided by that of the faster scan. */
interface Ratio {
  rows: number;
  single: number;
  batch: number;
}

/** Returns sizes of half an octave each, up to the number of rows. */
function sizesUpTo(rows: number): number[] {
  const sizes: number[] = [];
  for (let size = fewestRows; size <= rows; size *= Math.SQRT2) sizes.push(Math.round(size));
  return sizes;
}

/**
 * Returns the rows at which the tables become faster for good: between the last size at which they are not and the next
 * one, as a straight line of the logarithms has it. Infinity where they are not at the largest size.
 */
export function crossingOf(ratios: readonly { rows: number; ratio: number }[]): number {
  const last = ratios.findLastIndex(({ ratio }) => ratio >= 1);
  const [before, after] = [ratios[last], ratios[last + 1]];
  if (after === undefined) return Infinity;
  if (before === undefined || before.ratio === Infinity) return after.rows;
  const share = Math.log(before.ratio) / (Math.log(before.ratio) - Math.log(after.ratio));
  return Math.round(before.rows * (after.rows / before.rows) ** share);
}

/** Measures a size at all radii, each strategy for about `seconds`. */
async function measureSize(rows: number, seconds: number, signal: AbortSignal): Promise<Ratio[]> {
  using index = new HashIndex();
  await index.addMany(
    Float64Array.from({ length: rows }, (_, i) => i),
    randomBytes(32 * rows),
    { signal },
  );
  await index.optimize();
  if (index.stats().indexed < rows) return radii.map(() => ({ rows, single: Infinity, batch: Infinity }));
  const queries = randomBytes(32 * 1024);
  const one = (radius: number, strategy: Strategy) => (i: number) =>
    index.searchSync(queries.subarray(32 * (i % 1024), 32 * (i % 1024) + 32), { radius, strategy });
  const many = (radius: number, strategy: Strategy) => (i: number) => {
    const at = 32 * batch * (i % (1024 / batch));
    return index.searchManySync(queries.subarray(at, at + 32 * batch), { radius, strategy });
  };
  const ratios: Ratio[] = [];
  for (const radius of radii) {
    // So that Ctrl-C is heard: the searches are on this thread.
    await setImmediate();
    signal.throwIfAborted();
    const [tables, columns, scan, tablesOfMany, tiled] = inTurn(
      [
        one(radius, "multi-index"),
        one(radius, "columns"),
        one(radius, "scan"),
        many(radius, "multi-index"),
        many(radius, "tiled"),
      ],
      seconds,
    );
    ratios.push({ rows, single: tables! / Math.min(columns!, scan!), batch: tablesOfMany! / tiled! });
  }
  return ratios;
}

/** Returns the median time of a call of each, in milliseconds. They take turns, so that noise meets all of them. */
function inTurn(calls: readonly ((i: number) => unknown)[], seconds: number): number[] {
  const times = calls.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++) {
    for (const [k, call] of calls.entries()) {
      const end = performance.now() + (1000 * seconds) / turns;
      let runs = 0;
      const start = performance.now();
      do call(runs++);
      while (performance.now() < end);
      times[k]!.push((performance.now() - start) / runs);
    }
  }
  return times.map((each) => each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)]!);
}

/**
 * Measures indexes of random hashes, the largest of at most `rows`, for about `seconds`. Each strategy runs at least
 * three times. A crossover of Infinity was not reached.
 * @throws {UsageError} for fewer than 32,768 rows, which say too little.
 */
export async function measureCrossovers(rows: number, seconds: number, signal: AbortSignal): Promise<Crossover[]> {
  if (rows < leastRows) {
    throw new UsageError(
      `--crossovers needs an index of ${leastRows.toLocaleString("en")} entries or more, and this one has ${rows.toLocaleString("en")}`,
    );
  }
  const sizes = sizesUpTo(rows);
  const share = seconds / (sizes.length * radii.length * 5);
  const bySize: Ratio[][] = [];
  for (const size of sizes) bySize.push(await measureSize(size, share, signal));
  return radii.map((radius, i) => ({
    radius,
    single: crossingOf(bySize.map((ratios) => ({ rows: ratios[i]!.rows, ratio: ratios[i]!.single }))),
    batch: crossingOf(bySize.map((ratios) => ({ rows: ratios[i]!.rows, ratio: ratios[i]!.batch }))),
  }));
}
