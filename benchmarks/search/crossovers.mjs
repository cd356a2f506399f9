// From how many rows on the multi-index is faster than a scan: what native/search/query/planner.h holds. Uniform rows,
// and the first so many of them in an index; every strategy that fits, the fastest one printed.
import { inTurn, slice } from "./measure.mjs";

const radii = [15, 23, 31, 39, 47, 55, 63, 71, 79];

export async function crossovers({ n, rows, query, queries, quick, HashIndex }) {
  console.log("\nCrossovers: multi-index / best scan, time (below 1 the multi-index wins); one query | batch of 32");
  console.log(`  rows      ${radii.map((r) => `r ${r}`.padStart(17)).join("")}`);
  const sizes = [];
  for (let size = 4096; size <= Math.min(n, quick ? 1 << 17 : 1 << 20); size *= 2) sizes.push(size);
  const batch = queries.subarray(0, 32 * 32);
  for (const size of sizes) {
    const index = new HashIndex();
    index.addManySync(
      Float64Array.from({ length: size }, (_, i) => i),
      rows.subarray(0, 32 * size),
    );
    await index.optimize();
    const { indexed } = index.stats();
    const cells = [];
    for (const radius of indexed === size ? radii : []) {
      const one = (strategy) => () => slice((i) => index.searchSync(query(i), { radius, strategy }), 64, 20_000);
      const many = (strategy) => () => slice(() => index.searchManySync(batch, { radius, strategy }), 1, 20_000);
      const t = await inTurn(
        {
          multi: one("multi-index"),
          columns: one("columns"),
          scan: one("scan"),
          manyMulti: many("multi-index"),
          tiled: many("tiled"),
        },
        3,
      );
      const single = t.multi / Math.min(t.columns, t.scan);
      cells.push(`${single.toFixed(2)} | ${(t.manyMulti / t.tiled).toFixed(2)}`.padStart(17));
    }
    index.close();
    console.log(`  ${String(size).padEnd(10)}${cells.join("") || "  no tables at this size: always a scan"}`);
  }
}
