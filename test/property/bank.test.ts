/** A store beside a plain map, changed by the same commands in any order; closed and opened in between. */
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { BankStore, type Decision, type EntryInput, Matcher } from "../../dist/doors/bank.js";
import { bigDistance, hashAt, hex, randomHashes } from "../support/hashes.ts";
import { rounds } from "../support/long.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-bank-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Few hashes, some of them near each other, so that entries share them.
const pool = Array.from({ length: 12 }, (_, i) => {
  const bytes = Uint8Array.from(hashAt(randomHashes(4, 31), i % 4));
  for (let bit = 0; bit < 14 * Math.floor(i / 4); bit++) bytes[31 - (bit >> 3)]! ^= 1 << (bit & 7);
  return bytes;
});
const sources = ["s", "t"];
const ids = ["a", "b", "c", "d", "e"];
const cases = ["1", "2"];

interface Kept {
  hashes: number[];
  cases: string[];
  time: number | undefined;
  held: boolean;
  /** All it ever had: a withdrawal by hash asks for these. */
  ever: Set<number>;
}

class Model {
  readonly entries = new Map<string, Kept>();
  /** By name, what a newer record of the source needs to pass: undefined when nothing does. */
  readonly stones = new Map<string, number | undefined>();

  import(
    source: string,
    record: { id: string; hashes: number[]; cases: string[]; time: number | undefined; low: boolean; gone: boolean },
  ): void {
    const name = `${source}/${record.id}`;
    const here = this.entries.get(name);
    if (here?.time !== undefined && record.time !== undefined && record.time < here.time) return;
    const stone = this.stones.get(name);
    if (record.gone) {
      if (here !== undefined) this.end(name, record.time);
      else if (!this.stones.has(name)) {
        this.buried.delete(name);
        this.stones.set(name, record.time);
      } else if (stone !== undefined)
        this.stones.set(name, record.time === undefined ? undefined : Math.max(stone, record.time));
      return;
    }
    if (here === undefined && this.stones.has(name)) {
      if (stone === undefined || record.time === undefined || record.time <= stone) return;
      this.stones.delete(name);
    }
    // Held is what the last change of its signals said; the same signals again leave a released one alone.
    const same =
      here !== undefined && JSON.stringify([here.hashes, here.held]) === JSON.stringify([record.hashes, record.low]);
    this.entries.set(name, {
      hashes: record.hashes,
      cases: record.cases,
      time: record.time ?? here?.time,
      held: same ? here.held : record.low,
      ever: new Set([...(here?.ever ?? []), ...record.hashes]),
    });
  }

  /** The cases of what was withdrawn stay: who withdraws a case means those too. */
  readonly buried = new Map<string, string[]>();

  end(name: string, time?: number): void {
    if (this.entries.has(name)) this.buried.set(name, this.entries.get(name)!.cases);
    this.entries.delete(name);
    this.stones.set(name, time);
  }

  found(query: number, radius: number): string[] {
    const near = (i: number): boolean => bigDistance(pool[i]!, pool[query]!) <= radius;
    return [...this.entries]
      .filter(([, entry]) => !entry.held && entry.hashes.some(near))
      .map(([name]) => name)
      .sort();
  }
}

const anyRecord = fc.record({
  id: fc.constantFrom(...ids),
  hashes: fc.uniqueArray(fc.nat(pool.length - 1), { minLength: 1, maxLength: 3 }),
  cases: fc.subarray(cases),
  time: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  low: fc.boolean(),
  gone: fc.constantFrom(false, false, false, true),
});
const anySource = fc.constantFrom(...sources);
const anyCommand = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("import" as const),
      source: anySource,
      records: fc.array(anyRecord, { maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("entry" as const),
      source: anySource,
      id: fc.constantFrom(...ids),
      erase: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("case" as const), name: fc.constantFrom(...cases), erase: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("hash" as const), hash: fc.nat(pool.length - 1), erase: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("source" as const), source: anySource, erase: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("lift" as const), source: anySource, id: fc.constantFrom(...ids) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("open" as const) }) },
);
type Command = typeof anyCommand extends fc.Arbitrary<infer T> ? T : never;
type Records = Extract<Command, { kind: "import" }>["records"];

/** An entry's quality says whether it is held; the same hashes with another quality are a change. */
function inputs(records: Records): EntryInput[] {
  return records.map(({ id, hashes, cases, time, low, gone }) => ({
    id,
    ...(gone
      ? { status: "withdrawn" as const }
      : { signals: hashes.map((i) => ({ type: "pdq" as const, value: pool[i]!, quality: low ? 20 : 80 })), cases }),
    ...(time !== undefined && { time }),
  }));
}

async function run(commands: readonly Command[], path: string): Promise<void> {
  let store = await BankStore.create(path);
  const model = new Model();
  const decisions: Decision[] = [];
  try {
    for (const source of sources) {
      if (source === "s") store.createBank({ name: "b", policy: { radius: 20, minQuality: 0 } });
      await store.import({ bank: "b", source }, []);
    }
    let revision = store.revision;
    for (const command of commands) {
      if (command.kind === "import") {
        await store.import({ bank: "b", source: command.source }, inputs(command.records), { batch: 4 });
        for (const record of command.records) model.import(command.source, record);
      } else if (command.kind === "open") {
        await store.close();
        store = await BankStore.open(path);
      } else if (command.kind === "lift") {
        const name = `${command.source}/${command.id}`;
        expect(store.lift({ bank: "b", source: command.source, entryId: command.id })).toBe(model.stones.delete(name));
      } else {
        const end = command.erase ? store.erase.bind(store) : store.withdraw.bind(store);
        let names: string[];
        if (command.kind === "entry") {
          await end({ bank: "b", source: command.source, entryId: command.id });
          names = [`${command.source}/${command.id}`];
        } else if (command.kind === "case") {
          await end({ case: command.name });
          names = [...model.entries].filter(([, { cases }]) => cases.includes(command.name)).map(([name]) => name);
        } else if (command.kind === "hash") {
          await end({ hash: pool[command.hash]! });
          names = [...model.entries].filter(([, { ever }]) => ever.has(command.hash)).map(([name]) => name);
        } else {
          await end({ bank: "b", source: command.source });
          names = [...model.entries.keys()].filter((name) => name.startsWith(`${command.source}/`));
        }
        for (const name of model.stones.keys()) {
          const ofCase = command.kind === "case" && model.buried.get(name)?.includes(command.name);
          if (ofCase || (command.kind === "source" && name.startsWith(`${command.source}/`))) names.push(name);
        }
        for (const name of names) model.end(name);
      }
      expect(store.revision).toBeGreaterThanOrEqual(revision);
      revision = store.revision;
      const matcher = new Matcher(store);
      for (let i = 0; i < pool.length; i += 3) {
        const decision = matcher.check({ hash: hex(pool[i]!), quality: 100, stable: true });
        decisions.push(decision);
        expect(decision.matches.map(({ source, entryId }) => `${source}/${entryId}`).sort()).toEqual(
          model.found(i, 20),
        );
      }
    }
    expect(store.verify()).toEqual([]);
    const matcher = new Matcher(store);
    for (const decision of decisions) expect(matcher.explain(decision).same).toBe(true);
  } finally {
    await store.close();
  }
}

test("a store finds what a map of its entries finds, and explains every decision, after any commands", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommand, { minLength: 1, maxLength: 14 }), async (commands) => {
      await run(commands, join(folder, `${runs++}.bank`));
    }),
    { numRuns: rounds(15, 40) },
  );
});

test("the hashes of the pool are near each other and not the same", () => {
  expect(bigDistance(pool[0]!, pool[4]!)).toBe(14);
  expect(bigDistance(pool[0]!, pool[8]!)).toBe(28);
});
