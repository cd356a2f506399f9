/** Windows of time, checkpoints and times of entries are the same in every time zone, also when its clock changes. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { BankStore } from "empreinte/bank";
import { describe, expect, test } from "vitest";
import { long } from "../../../test/support/long.ts";
import { NcmecSimulator } from "../src/simulators/ncmec.ts";
import { StopNciiSimulator } from "../src/simulators/stopncii.ts";
import { after, folder, from, hash, matching } from "./support.ts";

const zones = ["UTC", "America/Los_Angeles", "Europe/Paris", "Asia/Kathmandu"].slice(0, long ? 4 : 2);
const hour = 3600;
const steps = long ? 5 : 3;
/** Clocks go forward on March 29 in Paris and on March 8 in Los Angeles, and back on October 25 and November 1. */
const changes = ["2026-03-08T10:00Z", "2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-11-01T09:00Z"];
const script = join(import.meta.dirname, "run-child.mjs");

/** Fetches before, during and after a change of the clock. Answers what was requested and what the store has then. */
async function fetched(kind: "ncmec" | "stopncii", zone: string, change: string): Promise<object> {
  let now = Date.parse(change) / 1000 - hour;
  const simulator =
    kind === "ncmec"
      ? new NcmecSimulator({ user: "secret", password: "secret", now: () => now })
      : new StopNciiSimulator({ functionsKey: "secret", subscriptionKey: "secret", now: () => now });
  const requests: string[] = [];
  simulator.onRequest = ({ query }) => void requests.push(String(query));
  const base = await simulator.listen();
  after(() => simulator.close());
  const path = join(folder(), "known.bank");
  const empty = await BankStore.create(path);
  empty.createBank({ name: from.bank });
  await empty.close();
  // One process for each zone, which opens the store for each fetch.
  const child = fork(script, [path, kind, base], { env: { ...process.env, TZ: zone, SECRET: "secret" } });
  after(() => child.kill());
  for (let i = 0; i < steps; i++) {
    if (simulator instanceof NcmecSimulator) simulator.put(String(i), { fingerprints: { pdq: hash(i) } });
    else simulator.put(hash(i));
    now += hour / 2;
    child.send(now);
    const answer = await Promise.race([once(child, "message"), once(child, "exit")]);
    expect(answer[0]).toBe(true);
  }
  const store = await BankStore.open(path);
  after(() => store.close());
  expect(matching(store)).toEqual(Array.from({ length: steps }, (_, i) => hash(i)).sort());
  const times = [...store.entries(from)].map(({ time }) => time?.toISOString());
  return { requests, times, cursor: store.importCursor(from) };
}

describe.each(["ncmec", "stopncii"] as const)("%s", (kind) => {
  test.each(long ? changes : changes.slice(0, 1))(
    "around %s, every zone requests the same and keeps the same",
    async (change) => {
      const [utc, ...others] = await Promise.all(zones.map((zone) => fetched(kind, zone, change)));
      for (const [i, other] of others.entries()) expect(other, zones[i + 1]).toEqual(utc);
      const first = Date.parse(change) - 1000 * hour;
      const expected = Array.from({ length: steps }, (_, i) => new Date(first + i * 500 * hour).toISOString());
      expect(utc).toMatchObject({ times: expected });
    },
  );
});
