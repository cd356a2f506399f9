// The file: saving, opening at once and checked, the first query, steady queries beside those in memory.
import { rmSync, statSync } from "node:fs";
import { inTurn, row, slice, target, us } from "./measure.mjs";

export async function files({ n, data, index, query, count, folder, turns, HashIndex }) {
  const path = `${folder}/index`;
  const label = `${n.toExponential(0)} ${data}`;
  const timed = async (work) => {
    const start = performance.now();
    const value = await work();
    return [value, performance.now() - start];
  };
  const [, saved] = await timed(() => index.save(path));
  const bytes = statSync(path).size;
  const opened = [];
  let mapped;
  for (let i = 0; i < 5; i++) {
    mapped?.close();
    const [next, ms] = await timed(() => HashIndex.open(path, { verify: "later" }));
    opened.push(ms);
    mapped = next;
  }
  const open = opened.sort((a, b) => a - b)[2];
  const [, first] = await timed(() => mapped.searchSync(query(1), { radius: 31 }));
  const [, thousand] = await timed(() => {
    for (let i = 0; i < 1000; i++) mapped.searchSync(query(i % count), { radius: 31 });
  });
  // All queries once, so that what they touch is mapped; then as they go on. Copied into memory only after that.
  for (let i = 0; i < count; i++) mapped.searchSync(query(i), { radius: 31 });
  const steady = await inTurn(
    {
      memory: () => slice((i) => index.searchSync(query(i), { radius: 31 }), count),
      file: () => slice((i) => mapped.searchSync(query(i), { radius: 31 }), count),
    },
    turns,
  );
  await mapped.warm();
  const { warm } = await inTurn(
    { warm: () => slice((i) => mapped.searchSync(query(i), { radius: 31 }), count) },
    turns,
  );
  mapped.close();
  const [checked, now] = await timed(() => HashIndex.open(path, { verify: "now" }));
  checked.close();
  rmSync(path);
  const speed = bytes / 1e9 / (now / 1000);
  row("file: save; open later; open checked", `${us(saved)} ms`, `${us(open)} ms`, `${us(now)} ms`);
  console.log(`    ${(bytes / 2 ** 20).toFixed(0)} MiB, checked at ${speed.toFixed(2)} GB/s`);
  row("mapped: first query; first 1,000, each", `${us(first * 1000)} us`, `${us(thousand)} us`);
  row("steady query in memory; mapped; warmed, us", us(steady.memory), us(steady.file), us(warm));
  if (n === 1e7) {
    target(`${label}: open with verify "later", ms`, open, 10, { most: true });
    target(`${label}: first query on a mapped file, ms`, first, 2, { most: true });
    target(`${label}: steady query, mapped / in memory`, steady.file / steady.memory, 1.4, { most: true });
    target(`${label}: the full check, GB/s`, speed, 1);
  }
}
