/** What is read of the state once, and holds until any process changes it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Fetcher } from "empreinte-fetch";
import { DayCounts } from "../dist/core/day-counts.js";
import { State } from "../dist/core/state.js";
import { Metrics } from "../dist/operation/metrics.js";
import { Outbox } from "../dist/operation/outbox.js";

let folder: string;
let state: State;
let other: State;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-state-"));
  state = State.open(join(folder, "server.db"));
  other = State.open(join(folder, "server.db"));
});
afterEach(() => {
  state.close();
  other.close();
  rmSync(folder, { recursive: true, force: true });
});

const rename = (by: State, bank: string): number => by.run("INSERT INTO bank_name VALUES (?, ?)", bank, bank);

test("a version differs after every change, and inside together after those of this process", () => {
  const before = state.version;
  expect(state.version).toBe(before);
  rename(other, "a");
  const after = state.version;
  expect(after).not.toBe(before);
  state.together(() => {
    rename(other, "b");
    state.together(() => expect(state.version).toBe(after));
    expect(state.version).toBe(after);
    rename(state, "c");
    expect(state.version).not.toBe(after);
  });
  const last = state.version;
  expect(last).not.toBe(after);
  expect(() =>
    state.together(() => {
      throw new Error("stop");
    }),
  ).toThrow("stop");
  rename(other, "d");
  expect(state.version).not.toBe(last);
});

test("a receiver that another process registers or removes counts for the next event", async () => {
  const fetcher = new Fetcher();
  const boxes = [state, other].map((one) => new Outbox(one, fetcher, new Metrics(), Date.now));
  const [mine, theirs] = boxes as [Outbox, Outbox];
  const kept = (): number => other.get<[number]>("SELECT count(*) FROM outbox")![0];
  const add = (): void => mine.add("match.block", {});
  add();
  expect(kept()).toBe(0);
  const { webhook } = theirs.create("https://example.org/", ["match.block"]);
  add();
  add();
  expect(kept()).toBe(2);
  mine.add("match.review", {});
  expect(kept()).toBe(2);
  theirs.remove(webhook.id);
  add();
  expect(kept()).toBe(0);
  mine.create("https://example.org/", ["match.block"]);
  add();
  expect(kept()).toBe(1);
  await fetcher.close();
});

test("a day's counts begin at midnight in UTC, also where the clock is set back", () => {
  let now = Date.parse("2026-11-30T23:59:59.999Z");
  const days = new DayCounts(state, () => now);
  for (const add of [0, 1, 0, -1, 86_400_000]) {
    now += add;
    days.add("BANK", "block");
  }
  const counted = days.list(30).map(({ day, count }) => [day, count]);
  expect(counted).toEqual([
    ["2026-11-30", 2],
    ["2026-12-01", 3],
  ]);
});
