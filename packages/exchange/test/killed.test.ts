/** Processes that are killed at any time, and faults at random: in the end the store is what the exchange says. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { BankStore } from "empreinte/bank";
import { describe, expect, test } from "vitest";
import { needsLongRun, rounds } from "../../../test/support/long.ts";
import { EmpreinteSimulator } from "../src/simulators/empreinte.ts";
import { NcmecSimulator } from "../src/simulators/ncmec.ts";
import type { Fault, Simulator } from "../src/simulators/simulator.ts";
import { StopNciiSimulator } from "../src/simulators/stopncii.ts";
import { fetchOnce } from "./fetch-once.mjs";
import { after, folder, from, hash, matching } from "./support.ts";

/** Chance that is the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Exchange {
  simulator: Simulator;
  /** Adds, changes and withdraws some records. */
  change(random: () => number): void;
  /** The values that the exchange calls active. */
  truth(): string[];
}

const secret = "secret";
/** The seconds since 1970, which the test moves. The lock of a killed process has ended when the next one begins. */
const clock = { now: Date.UTC(2026, 0, 1) / 1000 };
const now = (): number => clock.now;

function stopncii(): Exchange {
  const simulator = new StopNciiSimulator({ functionsKey: secret, subscriptionKey: secret, now });
  return {
    simulator,
    change: (random) => {
      for (let i = 0; i < 60; i++) {
        const withdrawn = random() < 0.3;
        simulator.put(hash(Math.floor(random() * 600)), { hashStatus: withdrawn ? "Withdrawn" : "Active" });
      }
    },
    truth: () =>
      [...simulator.records.values()]
        .flatMap(({ record }) => (record.hashStatus === "Active" ? [record.hashValue] : []))
        .sort(),
  };
}

function ncmec(): Exchange {
  const simulator = new NcmecSimulator({ user: secret, password: secret, pageSize: 50, now });
  return {
    simulator,
    change: (random) => {
      for (let i = 0; i < 60; i++) {
        const id = Math.floor(random() * 600);
        simulator.put(String(id), { deleted: random() < 0.3, fingerprints: { pdq: hash(id) } });
      }
    },
    truth: () =>
      [...simulator.entries.values()]
        .flatMap(({ deleted, fingerprints }) => (deleted ? [] : [fingerprints["pdq"]!]))
        .sort(),
  };
}

function empreinte(): Exchange {
  const simulator = new EmpreinteSimulator({ key: secret, bank: from.bank, pageSize: 50, now });
  let restored = 0;
  return {
    simulator,
    change: (random) => {
      for (let i = 0; i < 60; i++) {
        const number = 1 + Math.floor(random() * 600);
        simulator.put(number, { value: hash(number), status: random() < 0.3 ? "withdrawn" : "active" });
      }
      // Now and then the server is restored from a backup that lacks some entries.
      if (random() < 0.3) {
        const kept = [...simulator.entries].filter(() => random() < 0.9);
        simulator.restore(kept, `restored ${++restored}`);
      }
    },
    truth: () =>
      [...simulator.entries.values()].flatMap(({ status, value }) => (status === "active" ? [value] : [])).sort(),
  };
}

const kinds: Record<string, () => Exchange> = { stopncii, ncmec, empreinte };
const faults: Fault[] = ["truncated", "reset", "busy", "error", "login", "other"];
const script = join(import.meta.dirname, "run-child.mjs");

describe.each(Object.keys(kinds))("%s", (kind) => {
  test("equals the exchange after kills and faults, and has no withdrawn entry after its page", async (ctx) => {
    if (kind !== "stopncii") needsLongRun(ctx);
    const random = chance(kind.length);
    const { simulator, change, truth } = kinds[kind]!();
    const base = await simulator.listen();
    after(() => simulator.close());
    const path = join(folder(), "known.bank");
    const empty = await BankStore.create(path);
    empty.createBank({ name: from.bank });
    await empty.close();
    let child: ChildProcess | undefined;
    let killAt = Infinity;
    simulator.onRequest = () => {
      // Some time after the request: before the answer, in the transaction, or when the position is written.
      if (--killAt === 0) setTimeout(() => child?.kill("SIGKILL"), random() * 40);
    };
    simulator.fault = () => (random() < 0.1 ? faults[Math.floor(random() * faults.length)] : undefined);
    let kills = 0;
    const run = async (): Promise<void> => {
      child = spawn(process.execPath, [script, path, kind, base], {
        env: { ...process.env, SECRET: secret, NOW: String(clock.now) },
        stdio: "ignore",
      });
      const [status] = (await once(child, "exit")) as [number | null];
      if (status === null) kills++;
    };
    for (let i = 0; i < rounds(2, 8); i++) {
      clock.now += 1000;
      change(random);
      clock.now += 10;
      killAt = 1 + (i % 3);
      await run();
    }
    expect(kills).toBeGreaterThan(rounds(2, 8) / 4);
    killAt = Infinity;
    simulator.fault = () => undefined;
    clock.now += 1000;
    expect(await fetchOnce({ path, kind, base, now: clock.now, secret })).toBe(true);
    const end = await BankStore.open(path);
    after(() => end.close());
    expect(matching(end)).toEqual(truth());
    expect(end.verify()).toEqual([]);
    expect(JSON.stringify(end.memos(""))).not.toContain(secret);
    expect(end.sources()).toMatchObject([from]);
  });
});
