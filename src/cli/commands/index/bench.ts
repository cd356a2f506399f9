import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { diagnose, HashIndex, type IndexMatch, type SearchStrategy } from "../../../index.js";
import { number, parse } from "../../args.js";
import { onlyFile } from "./info.js";
import { jsonPath } from "../../io/names.js";
import { type Session, status } from "../../io/session.js";

const ways: readonly SearchStrategy[] = ["auto", "scan", "columns", "tiled", "multi-index"];
const radii = [15, 31, 63];
/** One query; a batch; the eight variants of a picture. */
const batches = [1, 32, 8];
/** Different queries, so that the caches hold no more than they would in use. */
const different = 1024;

interface Result {
  radius: number;
  queries: number;
  way: SearchStrategy;
  /** Median, a query. */
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
    if (one.queries === 1) index.searchSync(some, { radius: one.radius, strategy: one.way });
    else index.searchManySync(some, { radius: one.radius, strategy: one.way });
    times.push(performance.now() - start);
  }
  const microseconds = (1000 * median(times)) / one.queries;
  return { ...one, microseconds, perSecond: 1e6 / microseconds, runs: times.length };
}

const shown = (n: number): string => (n < 100 ? n.toFixed(1) : Math.round(n).toLocaleString("en"));

/** Rows: radius and batch; columns: the ways. Microseconds a query. */
function table(results: Result[]): string[] {
  const lines = [["radius", "queries", ...ways, "a second (auto)"]];
  for (const radius of radii) {
    for (const batch of batches) {
      const row = ways.map((way) => results.find((r) => r.radius === radius && r.queries === batch && r.way === way)!);
      const perSecond = Math.round(row[0]!.perSecond).toLocaleString("en");
      lines.push([String(radius), String(batch), ...row.map(({ microseconds }) => shown(microseconds)), perSecond]);
    }
  }
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) => line.map((cell, i) => cell.padStart(widths[i]!)).join("  "));
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, { json: { type: "boolean" }, seconds: { type: "string" } });
  const path = onlyFile(positionals);
  const seconds = number("seconds", values.seconds, { least: 0.1, most: 3600, whole: false }) ?? 20;
  const { signal } = session;
  using index = await HashIndex.open(path, { signal });
  const queries = new Uint8Array(randomBytes(32 * different));
  const results: Result[] = [];
  let agree = true;
  let hits = 0;
  const share = seconds / (ways.length * radii.length * batches.length);
  for (const radius of radii) {
    for (const batch of batches) {
      const asked = queries.subarray(0, 32 * batch);
      let answer: IndexMatch[][] | undefined;
      for (const way of ways) {
        // So that Ctrl-C is heard: the searches are on this thread.
        await setImmediate();
        signal.throwIfAborted();
        const got = index.searchManySync(asked, { radius, strategy: way }); // also brings the way's memory into the caches
        answer ??= got;
        agree &&= JSON.stringify(got) === JSON.stringify(answer);
        results.push(measure(index, queries, { radius, queries: batch, way }, share));
      }
      hits += answer!.flat().length;
    }
  }
  const { rows, bytes } = index.stats();
  const { kernel } = await diagnose();
  const end = agree ? status.nothing : status.found;
  if (values.json) {
    await session.line(JSON.stringify({ ...jsonPath(path), rows, bytes, kernel, results, agree, hits }));
    return end;
  }
  const each = rows === 0 ? "" : `, ${(bytes / rows).toFixed(1)} a hash`;
  await session.line(
    `${rows.toLocaleString("en")} entries, ${bytes.toLocaleString("en")} bytes${each}; kernel ${kernel ?? "none"}; one thread`,
  );
  await session.line("Microseconds a query, medians; random queries, unrelated to the entries:");
  for (const line of table(results)) await session.line(line);
  await session.line(
    agree
      ? `All ways gave the same answers (${hits} hits).`
      : session.red("Two ways gave different answers: please report this."),
  );
  return end;
}
