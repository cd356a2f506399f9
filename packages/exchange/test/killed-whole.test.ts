/** A stale source is fetched whole, and its process is killed at every point of that. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { BankStore } from "empreinte/bank";
import { expect, test } from "vitest";
import { StopNciiSimulator } from "../src/simulators/stopncii.ts";
import { fetchOnce } from "./fetch-once.mjs";
import { after, folder, from, hash, matching } from "./support.ts";
import { needsLongRun } from "../../../test/support/long.ts";

const secret = "secret";
const script = join(import.meta.dirname, "run-child.mjs");
const day = 24 * 3600;
/** Records on a page of the child, and the pages of the whole fetch. */
const [pageSize, pages] = [50, 5];

const points = ["request", "complete", "cursor", "committed"].flatMap((point) =>
  Array.from({ length: pages }, (_, i) => `${point}:${i + 1}`),
);

test("a whole fetch that is killed at any point leaves no hash without protection, and none twice", async (ctx) => {
  needsLongRun(ctx);
  let now = Date.UTC(2026, 0, 1) / 1000;
  const simulator = new StopNciiSimulator({ functionsKey: secret, subscriptionKey: secret, now: () => now });
  const base = await simulator.listen();
  after(() => simulator.close());
  const run = (path: string): Promise<boolean> => fetchOnce({ path, kind: "stopncii", base, now, secret });
  const runKilled = async (path: string, kill: string): Promise<unknown[]> => {
    const env = { ...process.env, SECRET: secret, NOW: String(now), KILL: kill };
    return once(spawn(process.execPath, [script, path, "stopncii", base], { env, stdio: "ignore" }), "exit");
  };
  const directory = folder();
  const before = join(directory, "before.bank");
  const empty = await BankStore.create(before);
  empty.createBank({ name: from.bank });
  await empty.close();
  for (let i = 0; i < 4 * pageSize; i++) simulator.put(hash(i));
  expect(await run(before)).toBe(true);

  // The exchange withdraws for longer than it remembers, changes, and gets more.
  now += 40 * day;
  const forgotten = [3, 77, 151].map(hash);
  for (const value of forgotten) simulator.records.delete(`ImagePDQ ${value}`);
  simulator.put(hash(9), { hashStatus: "Withdrawn" });
  for (let i = 200; i < 240; i++) simulator.put(hash(i));
  const truth = [...simulator.records.values()]
    .flatMap(({ record }) => (record.hashStatus === "Active" ? [record.hashValue] : []))
    .sort();
  /** What the exchange has called active all the time. */
  const kept = truth.filter((value) => [...Array(200).keys()].some((i) => hash(i) === value));

  let size: number | undefined;
  for (const point of ["", ...points]) {
    const path = join(directory, "killed.bank");
    for (const suffix of ["", ".index", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
    copyFileSync(before, path);
    if (point !== "") {
      expect(await runKilled(path, point), point).toEqual([null, "SIGKILL"]);
      const store = await BankStore.open(path);
      const found = matching(store);
      expect(found, point).toEqual([...new Set(found)]);
      expect(found, point).toEqual(expect.arrayContaining(kept));
      // All that is gone ends at once: with the last transaction, and not before.
      const ended = point === `committed:${pages}`;
      expect(forgotten.filter((value) => found.includes(value)).length, point).toBe(ended ? 0 : forgotten.length);
      for (const value of [kept[0]!, kept.at(-1)!])
        expect(await store.search(value, { radius: 0 }), point).toHaveLength(1);
      await store.close();
      // The lock of the killed process must end. The token of its page lives for longer.
      now += 600;
    }
    expect(await run(path), point).toBe(true);
    const store = await BankStore.open(path);
    expect(matching(store), point).toEqual(truth);
    expect(store.verify(), point).toEqual([]);
    await store.close();
    // Nothing stays of what the list named: the file is no larger than without the kill.
    expect(statSync(path).size, point).toBeLessThanOrEqual((size ??= statSync(path).size) + 2 ** 16);
  }
});
