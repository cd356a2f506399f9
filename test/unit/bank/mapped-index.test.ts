/** A large index is mapped from its file: all processes share its memory, and every change is in force all the same. */
import {
  closeSync,
  existsSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { distances, hex, random, randomHashes } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";

const from = { bank: "ncii", source: "hotline" };
const count = 16_500;
const hashes = randomHashes(count, 5);
const hashAt = (i: number): string => hex(hashes.subarray(32 * i, 32 * i + 32));
const entry = (id: number, value: string) => ({ id: `n${id}`, signals: [{ type: "pdq" as const, value }] });

const base = realpathSync(mkdtempSync(join(tmpdir(), "empreinte-bank-mapped-")));
let [folder, path] = ["", ""];
const open: BankStore[] = [];

async function opened(): Promise<BankStore> {
  const store = await BankStore.open(path);
  open.push(store);
  return store;
}

beforeAll(async () => {
  const store = await BankStore.create(join(base, "made.bank"));
  store.createBank({ name: "ncii" });
  await store.import(
    from,
    [...Array(count).keys()].map((i) => entry(i, hashAt(i))),
    { batch: count },
  );
  await store.close();
  return () => rmSync(base, { recursive: true, force: true });
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  folder = mkdtempSync(join(base, "one-"));
  path = join(folder, "known.bank");
  for (const end of ["", ".index"]) writeFileSync(path + end, readFileSync(join(base, `made.bank${end}`)));
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  vi.useRealTimers();
});

/** How often this process maps the index file that is there, and those that are not there any more. */
function mappings(): { now: number; before: number } {
  const lines = readFileSync("/proc/self/maps", "utf8").split("\n");
  const ours = lines.filter((line) => line.includes(`${path}.index`));
  const before = ours.filter((line) => line.endsWith("(deleted)")).length;
  return { now: ours.length - before, before };
}

/** Waits until the stores map what they should. */
async function follow(now: number): Promise<void> {
  for (;;) {
    await vi.advanceTimersByTimeAsync(1000);
    for (let i = 0; i < 20; i++) await setImmediate();
    const seen = mappings();
    if (seen.now === now && seen.before === 0) return;
  }
}

const ids = async (store: BankStore, hash: string): Promise<(string | undefined)[]> =>
  (await store.search(hash)).map(({ entryId }) => entryId);

describe.skipIf(process.platform !== "linux")("a mapped index", () => {
  test("is that of the file, as often as the store is open, and goes with the store", async () => {
    const store = await opened();
    await opened();
    expect(mappings()).toEqual({ now: 2, before: 0 });
    expect(store.verify()).toEqual([]);
    await open.shift()!.close();
    expect(mappings()).toEqual({ now: 1, before: 0 });
  });

  test("is left after a withdrawal, and the next file is mapped by all", async () => {
    const stores = [await opened(), await opened()];
    await stores[0]!.withdraw({ ...from, entryId: "n7" });
    expect(existsSync(`${path}.index`)).toBe(false);
    for (const store of stores) expect(await ids(store, hashAt(7))).toEqual([]);
    await follow(0);
    for (const store of stores) expect(await ids(store, hashAt(7))).toEqual([]);
    for (const store of stores) expect(await ids(store, hashAt(8))).toEqual(["n8"]);
    await stores[1]!.import(from, [entry(count, hex(randomHashes(1, 99)))]);
    await follow(2);
    for (const store of stores) expect(store.verify()).toEqual([]);
  });

  test("of a damaged file is never used", async () => {
    const bytes = readFileSync(`${path}.index`);
    bytes[bytes.length - 100]! ^= 4;
    writeFileSync(`${path}.index`, bytes);
    const store = await opened();
    expect(mappings()).toEqual({ now: 0, before: 0 });
    expect(store.verify()).toEqual([]);
  });

  describe("whose next file cannot be followed", () => {
    /** Makes the name of the file a link to itself, which no system call follows. */
    function breakName(): void {
      rmSync(`${path}.index`);
      symlinkSync("known.bank.index", `${path}.index`);
    }

    test("reports each failure to the listener, whatever that throws, and is followed afterwards", async () => {
      const steps: unknown[] = [];
      const onRetry = ({ step, error }: { step: string; error: NodeJS.ErrnoException }): void => {
        steps.push([step, error.code]);
        throw new Error("dropped");
      };
      const store = await BankStore.open(path, { onRetry });
      open.push(store);
      breakName();
      await vi.advanceTimersByTimeAsync(2000);
      expect(steps).toEqual([
        ["follow-index", "ELOOP"],
        ["follow-index", "ELOOP"],
      ]);
      expect(await ids(store, hashAt(7))).toEqual(["n7"]);
      rmSync(`${path}.index`);
      await follow(0);
      expect(steps).toHaveLength(2);
      expect(await ids(store, hashAt(7))).toEqual(["n7"]);
    });

    test("warns once of each reason in a row where nobody listens", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
      try {
        await opened();
        breakName();
        await vi.advanceTimersByTimeAsync(3000);
        expect(warn.mock.calls).toEqual([
          [expect.stringMatching(/known\.bank\.index is not followed: ELOOP/), { code: "EMPREINTE_RETRY" }],
        ]);
      } finally {
        warn.mockRestore();
      }
    });
  });

  describe("whose file is overwritten, as a withdrawal does with a file of two names,", () => {
    /** Zeroes the file in place, in the order in which a withdrawal does. */
    function overwrite(): void {
      const file = openSync(`${path}.index`, "r+");
      writeSync(file, Buffer.alloc(statSync(`${path}.index`).size), 0, undefined, 0);
      closeSync(file);
    }

    test.each<[string, (store: BankStore) => unknown, unknown]>([
      ["check", (store) => new Matcher(store).check({ hash: hashAt(3) }).matches.length, 1],
      ["checkHash", async (store) => (await new Matcher(store).checkHash({ hash: hashAt(3) })).matches.length, 1],
      ["checkHashes", async (store) => (await new Matcher(store).checkHashes([hashAt(3)]))[0]!().matches.length, 1],
      ["search", (store) => ids(store, hashAt(3)), ["n3"]],
      ["size", (store) => store.size, count],
      ["verify", (store) => store.verify(), []],
    ])("%s finds the same", async (_, work, expected) => {
      const store = await opened();
      overwrite();
      expect(await work(store)).toEqual(expected);
      expect(await ids(store, hashAt(4))).toEqual(["n4"]);
    });

    test("no index file is saved from it", async () => {
      const store = await opened();
      overwrite();
      await store.saveIndex();
      await open.pop()!.close();
      expect((await opened()).verify()).toEqual([]);
    });

    test("another process finds all that was not withdrawn", async () => {
      const [one, other] = [await opened(), await opened()];
      linkSync(`${path}.index`, join(folder, "second name"));
      await one.withdraw({ ...from, entryId: "n7" });
      expect(readFileSync(join(folder, "second name")).every((byte) => byte === 0)).toBe(true);
      for (const store of [other, one]) {
        expect(await ids(store, hashAt(7))).toEqual([]);
        expect(await ids(store, hashAt(8))).toEqual(["n8"]);
      }
      expect(other.verify()).toEqual([]);
    });
  });

  test("finds what brute force finds, while entries come and go and the file is replaced", async () => {
    const next = random(11);
    const stores = [await opened(), await opened()];
    const known = new Map([...Array(count).keys()].map((i) => [i, hashes.subarray(32 * i, 32 * i + 32)]));
    const gone: Uint8Array[] = [];
    const any = (): number => [...known.keys()][next() % known.size]!;
    const flipped = (hash: Uint8Array): Uint8Array => {
      const copy = Uint8Array.from(hash);
      for (let flips = next() % 40; flips > 0; flips--) copy[next() % 32]! ^= 1 << (next() % 8);
      return copy;
    };
    let fresh = count;
    for (let round = 0; round < rounds(12, 200); round++) {
      const store = stores[next() % 2]!;
      const id = any();
      const step = next() % 5;
      if (step <= 1) {
        const added = Array.from({ length: 1 + (next() % 40) }, () => [fresh++, flipped(known.get(any())!)] as const);
        await store.import(
          from,
          added.map(([number, hash]) => entry(number, hex(hash))),
          { saveIndex: step === 0 },
        );
        for (const [number, hash] of added) known.set(number, hash);
      } else if (step === 2) {
        gone.push(known.get(id)!);
        known.delete(id);
        await (next() % 2 === 0 ? store.withdraw : store.erase).call(store, { ...from, entryId: `n${id}` });
      } else if (step === 3) {
        const hash = flipped(known.get(id)!);
        await store.import(from, [entry(id, hex(hash))], { saveIndex: false });
        known.set(id, hash);
      } else {
        await store.saveIndex();
        await follow(2);
      }
      const all = [...known];
      const packed = Buffer.concat(all.map(([, hash]) => hash));
      for (const query of [...gone.slice(-2), flipped(known.get(any())!), flipped(known.get(any())!)]) {
        const near = distances(packed, query);
        const expected = all
          .filter((_, i) => near[i]! <= 31)
          .map(([number]) => `n${number}`)
          .sort();
        for (const one of stores) expect((await ids(one, hex(query))).sort()).toEqual(expected);
      }
    }
    for (const store of stores) expect(store.verify()).toEqual([]);
  });
});
