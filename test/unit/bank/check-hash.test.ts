/**
 * Decisions whose search runs on another thread, beside decisions of `check` and a plain comparison with every entry.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { contextOf } from "../../../dist/bank/decision/context.js";
import { BankStore, type Decision, Matcher } from "../../../dist/doors/bank.js";
import { orientationNames } from "../../../dist/index.js";
import { bigDistance, hashAt, hex, randomHashes } from "../../support/hashes.ts";

const entries = 300;
const hashes = randomHashes(entries, 911);
/** Hash i with its first `flips` bits flipped. */
function hash(i: number, flips = 0): string {
  const bytes = Uint8Array.from(hashAt(hashes, i));
  for (let bit = 0; bit < flips; bit++) bytes[bit >> 3]! ^= 128 >> (bit & 7);
  return hex(bytes);
}
const name = (i: number): { bank: string; source: string; entryId: string } => {
  return { bank: i % 2 === 0 ? "even" : "odd", source: "s", entryId: `n${i}` };
};

let folder: string;
let store: BankStore;
let other: BankStore;
let matcher: Matcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-check-hash-"));
  const path = join(folder, "known.bank");
  store = await BankStore.create(path);
  store.createBank({ name: "even", policy: { action: "block", radius: 20 } });
  store.createBank({ name: "odd", policy: { action: "review", radius: 40 } });
  for (const rest of [0, 1]) {
    const some = Array.from({ length: entries }, (_, i) => i).filter((i) => i % 2 === rest);
    const { bank, source } = name(rest);
    await store.import(
      { bank, source },
      some.map((i) => ({ id: `n${i}`, signals: [{ type: "pdq" as const, value: hash(i), quality: 100 }] })),
    );
  }
  other = await BankStore.open(path);
  matcher = new Matcher(store);
});
afterEach(async () => {
  await store.close();
  await other.close();
  rmSync(folder, { recursive: true, force: true });
});

const idsOf = ({ matches }: Decision): string[] => matches.map(({ entryId }) => entryId!).sort();

describe("the decision is that of check", () => {
  test("for hashes near something and near nothing, at every distance around the radii", async () => {
    for (let i = 0; i < 60; i++) {
      const flips = [0, 1, 19, 20, 21, 39, 40, 41, 100][i % 9]!;
      const query = { hash: hash(i, flips), quality: 100, stable: true };
      const wanted = Array.from({ length: entries }, (_, k) => k).filter((k) => {
        const distance = bigDistance(hashAt(hashes, k), Buffer.from(query.hash, "hex"));
        return distance <= (k % 2 === 0 ? 20 : 40);
      });
      const decision = await matcher.checkHash(query);
      expect(idsOf(decision), `${flips} bits`).toEqual(wanted.map((k) => `n${k}`).sort());
      expect({ ...matcher.check(query), time: 0 }).toEqual({ ...decision, time: 0 });
      expect(matcher.explain(decision).same).toBe(true);
    }
  });

  test("with orientations, with digests alone, and where nothing may match", async () => {
    const rotated = Object.fromEntries(orientationNames.map((each, i) => [each, hash(100 + i)]));
    store.setPolicy("even", { orientations: ["orig", "rot90"], action: "block" });
    await store.import({ bank: "odd", source: "s" }, [
      { id: "bytes", signals: [{ type: "md5", value: "0".repeat(31) + "1" }] },
    ]);
    for (const query of [
      { hash: hash(100), orientations: rotated as never },
      { digests: { md5: "0".repeat(31) + "1" } },
      { digests: { md5: "0".repeat(31) + "2" } },
      { hash: hash(4, 200), digests: { md5: "0".repeat(31) + "1" } },
      { hash: hash(4), stable: false },
      { hash: hash(4), quality: 0 },
    ]) {
      const decision = await matcher.checkHash(query);
      expect({ ...matcher.check(query), time: 0 }).toEqual({ ...decision, time: 0 });
    }
    expect(idsOf(await matcher.checkHash({ digests: { md5: "0".repeat(31) + "1" } }))).toEqual(["bytes"]);
    expect((await matcher.checkHash({ hash: hash(4), quality: 0 })).reasons.join()).toContain("quality 0 is below");
  });
});

describe("what changes during the search", () => {
  test("an entry that may no longer match is no match, whichever process says so", async () => {
    for (const [i, changing] of [store, other].entries()) {
      const query = { hash: hash(10 + i) };
      expect(idsOf(await matcher.checkHash(query))).toEqual([`n${10 + i}`]);
      const checking = matcher.checkHash(query);
      changing.disable(name(10 + i), Date.now() + 1e9);
      const decision = await checking;
      expect(decision.matches).toEqual([]);
      expect(decision.revision).toBe(store.revision);
    }
  });

  test("matches are those of the policy that is in force when the search ends", async () => {
    const checking = matcher.checkHash({ hash: hash(20, 15) });
    other.setPolicy("even", { radius: 10, action: "block" });
    expect((await checking).matches).toEqual([]);
    const again = matcher.checkHash({ hash: hash(20, 10) });
    other.setPolicy("even", { radius: 30, action: "review" });
    expect(await again).toMatchObject({ action: "review", revision: store.revision });
  });

  test("a withdrawal by another process is in force at the next call, and so is an entry that it adds", async () => {
    await other.withdraw(name(30));
    expect((await matcher.checkHash({ hash: hash(30) })).matches).toEqual([]);
    expect(matcher.check({ hash: hash(30) }).matches).toEqual([]);
    expect(await store.search(hash(30))).toEqual([]);
    const signals = [{ type: "pdq" as const, value: hash(31, 128) }];
    expect(matcher.check({ hash: hash(31, 128) }).matches).toEqual([]);
    await other.import({ bank: "odd", source: "s" }, [{ id: "new", signals }]);
    expect(idsOf(await matcher.checkHash({ hash: hash(31, 128) }))).toEqual(["new"]);
    expect(idsOf(matcher.check({ hash: hash(31, 128) }))).toEqual(["new"]);
    expect(await store.search(hash(31, 128))).toMatchObject([{ entryId: "new" }]);
  });

  test("a reading that finds the store changed when it first needs the file begins again", () => {
    const number = store.entry(name(40))!.entryNumber;
    let runs = 0;
    const seen = contextOf(store).read((snapshot) => {
      runs++;
      const ids = snapshot.search(hashAt(hashes, 40), 0, [0])[0]!;
      if (runs === 1) other.disable(name(40), 5e12);
      return { revision: snapshot.revision, found: ids.length, disabled: snapshot.entry(number)!.disabledUntil };
    });
    expect(runs).toBe(2);
    expect(seen).toEqual({ revision: other.revision, found: 1, disabled: 5e12 });
  });

  test("a reading that needs no file begins no transaction, so that others may empty the log", () => {
    const revision = contextOf(store).read((snapshot) => {
      // A reading of this store in another transaction would keep the log.
      other.checkpoint();
      return snapshot.revision;
    });
    expect(revision).toBe(other.revision);
  });
});

test("an aborted check rejects with the signal's reason, and a closed store is named", async () => {
  const reason = new Error("enough");
  await expect(matcher.checkHash({ hash: hash(1) }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await expect(matcher.checkHash({ hash: "abc" })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_HASH" });
  await expect(matcher.checkHash({ hash: hash(1) }, { radius: 1 } as never)).rejects.toMatchObject({
    code: "ERR_EMPREINTE_INVALID_ARGUMENT",
  });
  const closed = await BankStore.open(join(folder, "known.bank"));
  await closed.close();
  await expect(new Matcher(closed).checkHash({ hash: hash(1) })).rejects.toMatchObject({
    code: "ERR_EMPREINTE_CLOSED",
  });
});

describe("checkHashes", () => {
  /** Which of the hashes are near something. */
  const near = async (given: string[] | Buffer, by = matcher): Promise<boolean[]> =>
    (await by.checkHashes(given)).map((decide) => decide !== undefined);

  test("decides as check does, and only about hashes within the largest radius of a policy", async () => {
    const given = Array.from({ length: 200 }, (_, i) => hash(i, [0, 20, 39, 40, 41, 100][i % 6]));
    const wanted = given.map((one) => {
      const bytes = Buffer.from(one, "hex");
      return Array.from({ length: entries }, (_, k) => bigDistance(hashAt(hashes, k), bytes)).some(
        (bits) => bits <= 40,
      );
    });
    const decided = await matcher.checkHashes(given);
    expect(decided.map((decide) => decide !== undefined)).toEqual(wanted);
    decided.forEach((decide, i) => {
      const { time: _time, ...expected } = matcher.check({ hash: given[i]! });
      if (decide === undefined) expect(expected.matches).toEqual([]);
      else expect(decide()).toMatchObject(expected);
    });
    expect(new Set(wanted).size).toBe(2);
    const packed = Buffer.concat(given.map((one) => Buffer.from(one, "hex")));
    const answer = near(packed);
    packed.fill(0);
    expect(await answer).toEqual(wanted);
    expect(await near([])).toEqual([]);
  });

  test("sees what another process changed before the call, and a store without banks", async () => {
    const one = hash(0, 100);
    expect(await near([one])).toEqual([false]);
    await other.import({ bank: "odd", source: "s" }, [{ id: "new", signals: [{ type: "pdq", value: one }] }]);
    expect(await near([one])).toEqual([true]);
    await other.withdraw({ bank: "odd", source: "s", entryId: "new" });
    expect(await near([one])).toEqual([false]);
    other.setPolicy("odd", { action: "review", radius: 10 });
    expect(await near([hash(1, 20), hash(1, 21)])).toEqual([true, false]);
    const empty = await BankStore.create(join(folder, "empty.bank"));
    expect(await near([one], new Matcher(empty))).toEqual([false]);
    await empty.close();
  });

  test("a decision is that of the store as it is when it is made", async () => {
    const one = hash(0, 100);
    await other.import({ bank: "odd", source: "s" }, [{ id: "new", signals: [{ type: "pdq", value: one }] }]);
    const [decide] = await matcher.checkHashes([one]);
    expect(decide!().matches.map(({ entryId }) => entryId)).toEqual(["new"]);
    await other.withdraw({ bank: "odd", source: "s", entryId: "new" });
    expect(decide!().matches).toEqual([]);
  });

  describe("together", () => {
    const decideAll = (given: string[]): Promise<Decision[]> =>
      matcher.checkHashes(given).then((found) => matcher.together(() => found.map((decide) => decide!())));
    const timeless = ({ time: _time, ...rest }: Decision): object => rest;

    test("decides as each function does, in one transaction", async () => {
      const given = Array.from({ length: 20 }, (_, i) => hash(i, i % 4));
      const alone = given.map((one) => timeless(matcher.check({ hash: one })));
      const begin = vi.spyOn(Libsql.prototype, "exec");
      try {
        expect((await decideAll(given)).map(timeless)).toEqual(alone);
        const begun = begin.mock.calls.filter(([sql]) => sql === "BEGIN");
        expect(begun).toHaveLength(1);
      } finally {
        begin.mockRestore();
      }
    });

    test("sees what another process changed before its first decision, and nothing that it changes after", async () => {
      const given = [hash(50), hash(51), hash(52)];
      const found = await matcher.checkHashes(given);
      await other.withdraw(name(50));
      const decide = (i: number): string[] => idsOf(found[i]!());
      const seen = matcher.together(() => {
        const before = decide(0);
        other.disable(name(51), 5e12);
        other.setPolicy("even", { action: "log", radius: 40 });
        return [before, decide(1), decide(2), [found[2]!().action]];
      });
      expect(seen).toEqual([[], ["n51"], ["n52"], ["block"]]);
      expect(decide(1)).toEqual([]);
      expect(found[2]!().action).toBe("log");
    });

    test("a decision that floods an entry is in force for the next one, and audits are written", async () => {
      store.setPolicy("even", { action: "block", radius: 40, flood: { uploads: 2, seconds: 60 } });
      const audited = new Matcher(store, { audit: true });
      const given = [hash(60, 1), hash(60, 2), hash(60, 3), hash(60, 4), hash(62)];
      const found = await audited.checkHashes(given);
      const before = store.revision;
      const decisions = audited.together(() => found.map((decide) => decide!()));
      expect(decisions.map(({ action }) => action)).toEqual(["block", "block", "review", "review", "block"]);
      expect(decisions.map(({ revision }) => revision - before)).toEqual([0, 0, 1, 1, 1]);
      const records = store.audit().filter(({ what }) => what === "decision");
      expect(records.map(({ detail }) => detail["action"])).toEqual(decisions.map(({ action }) => action));
    });

    test("may be inside another one, ends where it throws, and refuses other uses of the store", async () => {
      const [decide] = await matcher.checkHashes([hash(70)]);
      const inner = matcher.together(() => matcher.together(() => decide!().matches.length));
      expect(inner).toBe(1);
      const fault = new Error("stop");
      const failing = (): never =>
        matcher.together(() => {
          decide!();
          throw fault;
        });
      expect(failing).toThrow(fault);
      expect(() => matcher.together(() => [decide!(), store.banks()])).toThrow(/cannot be used/);
      expect(matcher.together(() => "nothing read")).toBe("nothing read");
      expect(decide!().matches).toHaveLength(1);
      expect(() => matcher.together(1 as never)).toThrow(/work/);
    });
  });

  test("refuses what is no hash, and a closed store", async () => {
    await expect(matcher.checkHashes(["ff"])).rejects.toThrow(/hash/i);
    await expect(matcher.checkHashes(new Uint8Array(33))).rejects.toThrow(/32/);
    const closed = await BankStore.create(join(folder, "closed.bank"));
    const late = new Matcher(closed);
    await closed.close();
    await expect(late.checkHashes([hash(0)])).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });
});
