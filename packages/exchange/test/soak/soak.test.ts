/** A simulated year, small. `npm run bench:exchange-soak` has the whole one. */
import { expect, test } from "vitest";
import { needsLongRun, rounds } from "../../../../test/support/long.ts";
import { soak } from "./soak.mjs";

test("after a year of faults and kills the store is what four exchanges are", async (ctx) => {
  needsLongRun(ctx);
  const kills = rounds(10, 10);
  const result = await soak({ records: 20_000, kills });
  expect(result.errors).toEqual([]);
  expect(result.kills).toBeGreaterThanOrEqual(kills);
  expect(result.active).toBeGreaterThan(15_000);
  expect(result.searches).toBeGreaterThan(1000);
  // Two sources were stale, and each fault and each kill happened to somebody.
  expect(result.notes["stale"]).toBeGreaterThanOrEqual(2);
  expect(Object.keys(result.faults).length).toBeGreaterThan(2);
  expect(result.refetched).toBeLessThanOrEqual(2);
});
