// Building, adding and removing beside searches, the delta, and a merge in the background.
import { setImmediate } from "node:timers/promises";
import { cpu, inTurn, row, slice, target, us } from "./measure.mjs";

/** An index of all rows, ids in their order. One thread: the additions on this, then the tables on another. */
export async function build({ n, data, rows, HashIndex }, memory) {
  const index = new HashIndex({ memory });
  const ids = new Float64Array(n);
  for (let i = 0; i < n; i++) ids[i] = i;
  const start = performance.now();
  const before = process.cpuUsage();
  // In pieces, as a caller would who does not want to hold this thread for long.
  const piece = 1 << 20;
  for (let i = 0; i < n; i += piece) {
    const end = Math.min(n, i + piece);
    index.addManySync(ids.subarray(i, end), rows.subarray(32 * i, 32 * end));
  }
  const added = (performance.now() - start) / 1000;
  await index.optimize();
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(before);
  const busy = (used.user + used.system) / 1e6;
  const { bytes, shards, indexed } = index.stats();
  row(`build, ${memory}`, `${seconds.toFixed(2)} s`, `${busy.toFixed(2)} cpu-s`);
  console.log(
    `    ${added.toFixed(2)} s of it addManySync; ${us(n / busy)} hashes a cpu-second; ` +
      `${(bytes / n).toFixed(1)} bytes a hash, ${shards} shards, ${indexed} rows with tables`,
  );
  const label = `${n.toExponential(0)} ${data}, ${memory}`;
  if (memory === "full" && n >= 1e6) target(`${label}: build, million hashes a cpu-second`, n / busy / 1e6, 2);
  if (memory === "full" && n === 1e7) target(`${label}: build, seconds`, seconds, 5, { most: true });
  if (n === 1e7) target(`${label}: bytes a hash`, bytes / n, memory === "full" ? 118 : 78, { most: true });
  return index;
}

/** Changes the index: the last section. */
export async function changes({ n, data, index, query, count, turns, quick, noise }) {
  const label = `${n.toExponential(0)} ${data}`;
  const search = (i) => index.searchSync(query(i), { radius: 31 });
  let next = n;
  const fresh = (i) => noise.subarray(32 * (i % (noise.length / 32)), 32 * (i % (noise.length / 32)) + 32);

  // Unrelated queries: what they cost is searching, not the matches.
  const unrelated = (i) => index.searchSync(query(2 * i + 1), { radius: 31 });
  const without = () => slice(unrelated, count / 2);
  const bare = (await inTurn({ without }, turns)).without;

  // One by one, no turn of the event loop between, so that nothing is merged: what one change costs by itself.
  const some = 2000;
  let before = cpu();
  for (let i = 0; i < some; i++) index.add(next++, fresh(i));
  const add = (cpu() - before) / some;
  const last = index.searchSync(fresh(some - 1), { radius: 0 });
  if (!last.some(({ id }) => id === next - 1)) throw new Error("an added entry is not found");

  const delta = Float64Array.from({ length: 16_000 - some }, () => next++);
  const more = new Uint8Array(32 * delta.length);
  delta.forEach((_, i) => more.set(fresh(i + some), 32 * i));
  // In pieces: a larger one would become a part at once.
  for (let i = 0; i < delta.length; i += 2000) {
    index.addManySync(delta.subarray(i, i + 2000), more.subarray(32 * i, 32 * (i + 2000)));
  }
  const held = index.stats().delta;
  const withDelta = (await inTurn({ without }, turns)).without;
  row(`query without and with a delta of ${held}, us`, us(bare), us(withDelta));
  target(`${label}: what a delta of 16,000 costs a query, us`, held >= 15_000 ? withDelta - bare : undefined, 3, {
    most: true,
    why: `only ${held} were in the delta`,
  });

  before = cpu();
  for (let i = 0; i < some; i++) index.remove(i * 7);
  const remove = (cpu() - before) / some;
  before = cpu();
  for (let i = 0; i < some; i++) index.remove(n + i);
  const removeNew = (cpu() - before) / some;
  if (index.searchSync(fresh(some - 1), { radius: 0 }).some(({ id }) => id === next - 1 - delta.length)) {
    throw new Error("a removed entry is found");
  }
  row("add; remove from the base; from the delta, us", us(add), us(remove), us(removeNew));
  target(`${label}: add, us`, add, 2, { most: true });
  target(`${label}: remove from the base, us`, remove, 1, { most: true });
  target(`${label}: remove from the delta, us`, removeNew, 1, { most: true });
  await index.optimize();

  // A thousand additions and a thousand removals a second beside a reader at full rate, all on this thread; joining
  // goes on in the background.
  const seconds = quick ? 1 : 3;
  const drive = async (perSecond) => {
    const start = performance.now();
    const cpuBefore = cpu();
    let searches = 0;
    let done = 0;
    let spent = 0;
    for (;;) {
      const elapsed = performance.now() - start;
      if (elapsed > 1000 * seconds) break;
      if (done < (elapsed / 1000) * perSecond) {
        const at = performance.now();
        index.add(next++, fresh(done));
        index.remove(next - 1 - 10);
        done++;
        spent += performance.now() - at;
      }
      for (let i = 0; i < 8; i++) search(searches++ % count);
      if (searches % 64 === 0) await setImmediate();
    }
    return { per: (cpu() - cpuBefore) / searches, spent: spent / Math.max(1, done) };
  };
  for (let i = 0; i < 10; i++) index.add(next++, fresh(i));
  const quiet = await drive(0);
  const busy = await drive(1000);
  const slower = busy.per / quiet.per - 1;
  row("reader alone; with 1,000 adds + removes a second", us(quiet.per), us(busy.per));
  target(`${label}: readers slowed by 1,000 adds and removes a second, %`, 100 * slower, 20, { most: true });

  await index.optimize();
  const changed = 50_000;
  const add50 = Float64Array.from({ length: changed }, () => next++);
  const hashes50 = new Uint8Array(32 * changed);
  add50.forEach((_, i) => hashes50.set(fresh(i + 21_000), 32 * i));
  // The removals above ended at 14,000.
  const gone = Float64Array.from(
    { length: changed },
    (_, i) => 20_000 + i * Math.max(1, Math.floor((n - 40_000) / changed)),
  );
  const start = performance.now();
  index.addManySync(add50, hashes50);
  if (n >= 1e6) index.remove(gone);
  const applied = performance.now() - start;
  const merging = performance.now();
  let merged = false;
  const optimized = index.optimize().then(() => (merged = true));
  let during = 0;
  while (!merged) {
    search(during++ % count);
    if (during % 16 === 0) await setImmediate();
  }
  await optimized;
  const merge = (performance.now() - merging) / 1000;
  const { shards, removed, delta: left } = index.stats();
  row(`100,000 changes; merge beside a reader`, `${applied.toFixed(0)} ms`, `${merge.toFixed(2)} s`);
  console.log(`    then ${shards} shards, ${removed} tombstones, delta ${left}; ${during} searches went on`);
  if (n === 1e7) target(`${label}: merge of 100,000 changes, seconds`, merge, 10, { most: true });
}
