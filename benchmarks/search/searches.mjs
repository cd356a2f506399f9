// One query and batches, every strategy and radius, beside the peers; first of all that nothing is missing.
import { readFileSync, rmSync } from "node:fs";
import { each, inTurn, median, quantile, row, slice, target, us } from "./measure.mjs";

/** Stops the run when an answer is not brute force's. */
export async function checkRecall({ index, query, peers, folder, sample }) {
  const file = `${folder}/brute`;
  const before = performance.now();
  let compared = 0;
  for (const radius of [15, 31, 63]) {
    await peers.ask(`brute ${radius} 0 ${sample} ${file}`);
    const words = readFileSync(file);
    const found = new Uint32Array(words.buffer, words.byteOffset, words.length / 4);
    const wanted = Array.from({ length: sample }, () => []);
    for (let i = 0; i < found.length; i += 3) wanted[found[i]].push(found[i + 2] * 2 ** 32 + found[i + 1]);
    for (let q = 0; q < sample; q++) {
      const list = Float64Array.from(wanted[q]).sort();
      for (const strategy of ["auto", "multi-index", "columns"]) {
        const hits = index.searchSync(query(q), { radius, strategy });
        const same =
          hits.length === list.length && hits.every(({ id, distance }, i) => distance * 2 ** 32 + id === list[i]);
        if (!same)
          throw new Error(`radius ${radius}, ${strategy}: query ${q} has ${hits.length} of ${list.length} matches`);
        compared += list.length;
      }
    }
  }
  rmSync(file);
  const seconds = ((performance.now() - before) / 1000).toFixed(1);
  row("recall (radius 15, 31, 63; three strategies)", "1.0");
  console.log(`    ${sample} queries against brute force, ${compared} matches, ${seconds} s`);
}

/** Radius 31, and the others. Returns what later sections compare with. */
export async function singleQueries({ n, data, index, query, count, peers, quick, turns, kernel }) {
  const few = Math.max(8, Math.min(64, Math.round(64e6 / n)));
  const faiss =
    (kind, radius, queries = few, batch = 1) =>
    async () =>
      (await peers.ask(`faiss ${kind} ${radius} 0 ${queries} ${batch}`)).us;
  const ours =
    (radius, options, queries = count) =>
    () =>
      slice((i) => index.searchSync(query(i), { radius, ...options }), queries);
  const methods = {
    read: async () => (await peers.ask("read")).us,
    scan: ours(31, { strategy: "scan" }, few),
    columns: ours(31, { strategy: "columns" }, few),
    auto15: ours(15),
    auto31: ours(31),
    auto63: ours(63, undefined, few),
    scan63: ours(63, { strategy: "scan" }, few),
    best: ours(31, { kernel }), // named, as the others: reading the option takes its time too
    avx2: ours(31, { kernel: "avx2" }),
    portable: ours(31, { kernel: "portable" }),
  };
  // FAISS keeps rows of its own, and tables that are larger than ours.
  if (peers.faiss && n <= 2e7) {
    methods.flat = faiss("flat 0 0 0", 31, Math.ceil(few / 4));
    methods.hash16 = faiss("hash 16 16 1", 31);
    methods.hash15 = faiss("hash 16 16 0", 15, 4 * few);
    if (n <= 2e6) methods.hash12 = faiss("hash 12 21 2", 31);
  }
  if (quick) delete methods.hash12;
  const t = await inTurn(methods, turns);
  const times = each((i) => index.searchSync(query(i), { radius: 31 }), count);
  let matches = 0;
  for (let i = 0; i < count; i++) matches += index.searchSync(query(i), { radius: 31 }).length;
  const planted = times.filter((_, i) => i % 2 === 0);
  const unrelated = times.filter((_, i) => i % 2 === 1);
  t.p50 = median(times);
  t.unrelated50 = median(unrelated);

  row("radius 31, one query, called from JavaScript", "us", "read/ours");
  const line = (name, value) => row(name, us(value), us(value && t.read / value));
  line("streaming read of the rows (limit of a scan)", t.read);
  line("HashIndex.searchSync, mean", t.auto31);
  row("  matches a query", us(matches / count));
  line("  median query", t.p50);
  row("  planted p50 / p99", us(median(planted)), us(quantile(planted, 0.99)));
  row("  unrelated p50 / p99", us(t.unrelated50), us(quantile(unrelated, 0.99)));
  line(`  kernel ${kernel}, by name`, t.best);
  line("  kernel avx2", t.avx2);
  line("  kernel portable", t.portable);
  line("  strategy scan (full rows)", t.scan);
  line("  strategy columns", t.columns);
  line("FAISS Flat range_search (plain build)", t.flat);
  line("FAISS MultiHash(16,16,1) (plain build)", t.hash16);
  line("FAISS MultiHash(12,21,2) (plain build)", t.hash12);
  row("radius 15: ours; FAISS MultiHash(16,16,0)", us(t.auto15), us(t.hash15));
  row("radius 63: ours; our scan", us(t.auto63), us(t.scan63));

  const label = `${n.toExponential(0)} ${data}`;
  const million = n === 1e6;
  const absent = peers.faiss ? "only at 1e6, without --quick" : "needs libfaiss-dev";
  if (million || n === 1e7) {
    const uniform = data === "uniform";
    const wanted = million ? (uniform ? 150 : 90) : uniform ? 800 : 400;
    target(`${label}, radius 31: Flat (a streaming read) / ours, mean`, t.read / t.auto31, wanted);
    target(`${label}, radius 31: Flat (a streaming read) / ours, median query`, t.read / t.p50, wanted);
    target(
      `${label}, radius 31: MultiHash(16,16,1), plain, / ours`,
      t.hash16 && t.hash16 / t.auto31,
      million ? (uniform ? 150 : 140) : wanted,
      { why: absent },
    );
    if (million)
      target(
        `${label}, radius 31: MultiHash(12,21,2), plain, / ours`,
        t.hash12 && t.hash12 / t.auto31,
        uniform ? 95 : 70,
        { why: absent },
      );
    if (!million)
      target(`${label}, radius 15: MultiHash(16,16,0), plain, / ours`, t.hash15 && t.hash15 / t.auto15, 200, {
        why: absent,
      });
    if (!million) target(`${label}, radius 63: a streaming read / ours`, t.read / t.auto63, 5);
    target(`${label}, radius 63: ours / our scan`, t.auto63 / t.scan63, 1, { most: true });
    target(`${label}, scan: share of a streaming read`, t.read / t.scan, million ? 0.95 : 0.85);
    target(`${label}, columns: a streaming read / ours`, t.read / t.columns, million ? 2.2 : 3.2);
    target(`${label}, avx2 / ${kernel}`, t.avx2 / t.best, million ? 1.1 : 1.3, { most: true });
    target(`${label}, portable / ${kernel}`, t.portable / t.best, 4, { most: true });
    if (!million && !uniform)
      target(`${label}, unrelated queries: p99 / median`, quantile(unrelated, 0.99) / t.unrelated50, 5, { most: true });
  }
  if (n === 5e7 || n === 1e8)
    target(`${label}, radius 31: our linear scan / ours, mean`, t.scan / t.auto31, n === 5e7 ? 900 : 1000);
  return t;
}

export async function batches({ n, data, index, queries, quick, turns }, t) {
  row("batches, radius 31, us a query", "32", "1024");
  const cost = {};
  for (const strategy of ["auto", "tiled", "multi-index"]) {
    cost[strategy] = {};
    for (const size of quick ? [32] : [32, 1024]) {
      const batch = queries.subarray(0, 32 * size);
      const run = () => slice(() => index.searchManySync(batch, { radius: 31, strategy }), 1, 100_000) / size;
      cost[strategy][size] = (await inTurn({ run }, strategy === "tiled" && n * size > 5e9 ? 1 : turns)).run;
    }
    row(`  ${strategy}`, us(cost[strategy][32]), us(cost[strategy][1024]));
  }
  const wanted = n === 1e6 ? 8 : n === 1e7 ? 12 : undefined;
  if (wanted) {
    const size = quick ? 32 : 1024;
    target(
      `${n.toExponential(0)} ${data}, tiled scan in batches of ${size}: a streaming read / ours`,
      t.read / cost.tiled[size],
      wanted,
    );
  }
}

export async function nearest({ n, data, index, query, peers, turns }, t) {
  const few = Math.max(8, Math.min(256, Math.round(64e6 / n)));
  const ours = (first, radius) => () =>
    slice((i) => index.nearestSync(query(2 * i + first), { count: 1, radius }), few);
  const methods = { planted: ours(0, 63), unrelated: ours(1, 63), far: ours(1, 256) };
  if (peers.faiss) methods.flat = async () => (await peers.ask(`nearest 0 ${Math.max(2, few >> 3)}`)).us;
  const k = await inTurn(methods, turns);
  row("k = 1, one query", "us", "read/ours");
  row("  a neighbour within 31, up to 63", us(k.planted), us(t.read / k.planted));
  row("  none within 31, up to 63", us(k.unrelated), us(t.read / k.unrelated));
  row("  none within 31, any distance", us(k.far), us(t.read / k.far));
  row("  FAISS Flat.search (plain build)", us(k.flat), us(k.flat && t.read / k.flat));
  if (n === 1e6) {
    const mixed = (k.planted + k.unrelated) / 2;
    target(`${n.toExponential(0)} ${data}, k = 1 up to 63, half of each: a streaming read / ours`, t.read / mixed, 3);
    target(
      `${n.toExponential(0)} ${data}, k = 1, a neighbour within 31: a streaming read / ours`,
      t.read / k.planted,
      100,
    );
  }
  if (n >= 1e6) {
    target(`${n.toExponential(0)} ${data}, k = 1, any distance: in our own scans`, k.far / t.scan, 1.5, { most: true });
  }
}
