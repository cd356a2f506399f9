import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { HashIndex, IndexMatch, SearchOptions } from "../../../index.js";
import type { Crossover } from "./crossovers.js";
import { jsonPath, jsonText } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";
import { type Command, defineCommand } from "../../table/command.js";

type SearchStrategy = NonNullable<SearchOptions["strategy"]>;
const strategies: readonly SearchStrategy[] = ["auto", "scan", "columns", "tiled", "multi-index"];
const radii = [15, 31, 63];
/** One query, a batch, and the eight orientations of an image. */
const batches = [1, 32, 8];
/** Different queries, so that the caches hold no more than they would in use. */
const different = 1024;

interface Result {
  radius: number;
  queries: number;
  strategy: SearchStrategy;
  /** Median time of a query. */
  microseconds: number;
  perSecond: number;
  runs: number;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Runs of one combination, at least one, until `seconds` are over. */
function measure(
  index: HashIndex,
  queries: Uint8Array,
  one: Omit<Result, "microseconds" | "perSecond" | "runs">,
  seconds: number,
): Result {
  const times: number[] = [];
  const bytes = 32 * one.queries;
  const end = performance.now() + 1000 * seconds;
  for (let at = 0; times.length === 0 || (performance.now() < end && times.length < 100_000); at += bytes) {
    if (at + bytes > queries.length) at = 0;
    const some = queries.subarray(at, at + bytes);
    const start = performance.now();
    if (one.queries === 1) index.searchSync(some, { radius: one.radius, strategy: one.strategy });
    else index.searchManySync(some, { radius: one.radius, strategy: one.strategy });
    times.push(performance.now() - start);
  }
  const microseconds = (1000 * median(times)) / one.queries;
  return { ...one, microseconds, perSecond: 1e6 / microseconds, runs: times.length };
}

const shown = (n: number): string => (n < 100 ? n.toFixed(1) : Math.round(n).toLocaleString("en"));

/** Rows: radius and batch; columns: the strategies. Microseconds for a query. */
function table(results: Result[]): string[] {
  const lines = [["radius", "queries", ...strategies, "a second (auto)"]];
  for (const radius of radii) {
    for (const batch of batches) {
      const row = strategies.map((strategy) =>
        results.find((r) => r.radius === radius && r.queries === batch && r.strategy === strategy)!,
      );
      const perSecond = Math.round(row[0]!.perSecond).toLocaleString("en");
      lines.push([String(radius), String(batch), ...row.map(({ microseconds }) => shown(microseconds)), perSecond]);
    }
  }
  return aligned(lines);
}

/** Rows: the radii; columns: one query and a batch. */
function crossoverTable(crossovers: readonly Crossover[]): string[] {
  const entries = (count: number): string => (count === Infinity ? "never" : count.toLocaleString("en"));
  return aligned([
    ["radius", "one", "batch"],
    ...crossovers.map(({ radius, single, batch }) => [String(radius), entries(single), entries(batch)]),
  ]);
}

/** Returns lines whose cells end below each other. */
function aligned(lines: readonly string[][]): string[] {
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) => line.map((cell, i) => cell.padStart(widths[i]!)).join("  "));
}

/** Measures every combination. `agree` is false where two strategies gave different answers. */
async function measureAll(
  index: HashIndex,
  seconds: number,
  signal: AbortSignal,
): Promise<{ results: Result[]; agree: boolean; hits: number }> {
  const queries = new Uint8Array(randomBytes(32 * different));
  const results: Result[] = [];
  let agree = true;
  let hits = 0;
  const share = seconds / (strategies.length * radii.length * batches.length);
  for (const radius of radii) {
    for (const batch of batches) {
      const some = queries.subarray(0, 32 * batch);
      let answer: IndexMatch[][] | undefined;
      for (const strategy of strategies) {
        // So that Ctrl-C is heard: the searches are on this thread.
        await setImmediate();
        signal.throwIfAborted();
        const got = index.searchManySync(some, { radius, strategy }); // also brings its memory into the caches
        answer ??= got;
        agree &&= JSON.stringify(got) === JSON.stringify(answer);
        results.push(measure(index, queries, { radius, queries: batch, strategy }, share));
      }
      hits += answer!.flat().length;
    }
  }
  return { results, agree, hits };
}

/** Measures the crossovers and prints them. */
async function printCrossovers(
  session: Session,
  about: { rows: number; bytes: number; kernel: string | undefined },
  seconds: number,
  json: boolean,
): Promise<number> {
  const { crossoversText, measureCrossovers } = await import("./crossovers.js");
  const crossovers = await measureCrossovers(about.rows, seconds, session.signal);
  const environment = `EMPREINTE_CROSSOVERS=${crossoversText(crossovers)}`;
  if (json) {
    // JSON has no Infinity: it is null.
    await session.line(jsonText({ ...about, crossovers, environment }));
    return status.nothing;
  }
  await session.line("From how many entries on tables are faster than scans, for one query and in a batch of 32:");
  for (const line of crossoverTable(crossovers)) await session.line(line);
  await session.line(environment);
  return status.nothing;
}

export const command: Command = defineCommand({
  name: "index bench",
  summary: "Measure how fast an index is on this machine",
  description: [
    "Measures searches at radius 15, 31 and 63 with one query, a batch of 32, and the eight orientations of an image. Prints the median microseconds for a query and queries a second, on one thread. `auto` is the strategy that the library chooses; `scan`, `columns`, `tiled` and `multi-index` are forced.",
    "The queries are random hashes, because most scanned images are unrelated to every entry. All strategies must give the same answers.",
    "With --crossovers, the command measures indexes of random hashes instead, the largest with as many entries as FILE. For each radius it prints from how many entries on tables are faster than a scan. The last line is an environment variable: searches that have it choose by these figures.",
  ],
  arguments: { file: { does: "The index." } },
  options: {
    json: { type: "flag", does: "Print one JSON object." },
    crossovers: { type: "flag", does: "Measure from how many entries on tables are faster than scans." },
    seconds: {
      type: "number",
      value: "N",
      least: 0.1,
      most: 3600,
      default: 20,
      does: "Measure for about N seconds. Each combination runs at least once.",
    },
  },
  sections: [
    {
      title: "JSON",
      rows: [
        [
          "index",
          '{"path", "rows", "bytes", "kernel", "results":[{"radius", "queries", "strategy", "microseconds", "perSecond", "runs"}],"agree", "hits"}',
        ],
        [
          "--crossovers",
          '{"path", "rows", "bytes", "kernel", "crossovers":[{"radius", "single", "batch"}],"environment"}; `single` or `batch` is null where tables were not faster.',
        ],
      ],
    },
  ],
  statuses: { 0: "The index was measured.", 1: "Two strategies gave different answers.", 2: "FILE cannot be used." },
  examples: [{ command: "empreinte index bench known.idx --seconds 5", does: "Measure an index for five seconds." }],
  async run({ arguments: { file: path }, options: { json, seconds, crossovers } }, session) {
    const { diagnose, HashIndex } = await import("../../../index.js");
    using index = await HashIndex.open(path, { signal: session.signal });
    const { rows, bytes } = index.stats();
    const { kernel } = await diagnose();
    if (crossovers) return printCrossovers(session, { ...jsonPath(path), rows, bytes, kernel }, seconds, json);
    const { results, agree, hits } = await measureAll(index, seconds, session.signal);
    const end = agree ? status.nothing : status.found;
    if (json) {
      await session.line(jsonText({ ...jsonPath(path), rows, bytes, kernel, results, agree, hits }));
      return end;
    }
    const each = rows === 0 ? "" : `, ${(bytes / rows).toFixed(1)} a hash`;
    await session.line(
      `${rows.toLocaleString("en")} entries, ${bytes.toLocaleString("en")} bytes${each}; kernel ${kernel ?? "none"}; one thread`,
    );
    await session.line("Median microseconds for a query. The queries are random and unrelated to the entries.");
    for (const line of table(results)) await session.line(line);
    await session.line(
      agree
        ? `All strategies gave the same answers (${hits} hits).`
        : session.red("Two strategies gave different answers: please report this."),
    );
    return end;
  },
});
