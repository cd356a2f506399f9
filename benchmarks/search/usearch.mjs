// usearch's HNSW from npm: it takes a float for every bit, has no radius search and finds a part only.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { row, slice, target, us } from "./measure.mjs";

/** Builds for minutes: at most a million rows, and not with --quick above a hundred thousand. */
export async function usearch({ n, data, rows, query, count, index, quick, root }, t) {
  let library;
  let version;
  try {
    const from = createRequire(join(root, "package.json"));
    library = from("usearch");
    version = JSON.parse(readFileSync(join(root, "node_modules/usearch/package.json"), "utf8")).version;
  } catch {
    row("usearch: skipped, needs usearch@2.25.3");
    return target(`${n.toExponential(0)} ${data}: usearch / ours`, undefined, 30, { why: "needs usearch" });
  }
  if (n > 1e6 || (quick && n > 1e5)) return;
  const { Index, MetricKind, ScalarKind } = library;
  const hnsw = new Index({
    metric: MetricKind.Hamming,
    quantization: ScalarKind.B1,
    dimensions: 256,
    connectivity: 16,
    expansion_add: 128,
    expansion_search: 64,
  });
  const floats = (bytes, hashes) => {
    const out = new Float32Array(256 * hashes);
    for (let i = 0; i < out.length; i++) out[i] = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
    return out;
  };
  const start = performance.now();
  const piece = 1000;
  for (let i = 0; i < n; i += piece) {
    const end = Math.min(n, i + piece);
    const keys = BigUint64Array.from({ length: end - i }, (_, k) => BigInt(i + k));
    hnsw.add(keys, floats(rows.subarray(32 * i, 32 * end), end - i), 1);
  }
  const seconds = (performance.now() - start) / 1000;
  const requested = Math.min(count, 1024);
  const queries = Array.from({ length: requested }, (_, i) => floats(query(i), 1));
  let there = 0;
  let found = 0;
  for (let i = 0; i < requested; i++) {
    if (index.searchSync(query(i), { radius: 31, limit: 1 }).length === 0) continue;
    there++;
    if (hnsw.search(queries[i], 1, 1).distances[0] <= 31) found++;
  }
  const time = slice((i) => hnsw.search(queries[i], 1, 1), requested);
  row(`usearch ${version} HNSW, k = 1`, us(time), us(t.read / time));
  console.log(
    `    finds ${((100 * found) / there).toFixed(0)} % of what is within 31; built in ${seconds.toFixed(0)} s`,
  );
  if (n === 1e6) target(`1e+6 ${data}: usearch / ours`, time / t.auto31, 30);
}
