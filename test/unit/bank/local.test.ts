/** Local records of a store's entries: sealed, bound to their entry, and gone with it. */
import Libsql from "libsql";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { type LocalRecord, registerLocal } from "../../../dist/doors/local.js";
import { withFurniture } from "../../../dist/evaluate/generated/similar.js";
import { Random } from "../../../dist/evaluate/random.js";
import { hashPixelsSync } from "../../../dist/index.js";
import { everyByte, presentIn } from "../../support/bank/bytes.ts";
import { type Rgb, scene } from "../../support/image/altered.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 3);
const from = { bank: "ncii", source: "s" };
const originals = Array.from({ length: 3 }, (_, i) => scene(40 + i, 480, 360));
const records: LocalRecord[] = [];
beforeAll(async () => {
  for (const original of originals) records.push(await registerLocal(original));
});

let folder: string;
let path: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-local-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path, { localKey: key });
  store.createBank({ name: "ncii", policy: { action: "block" } });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const list = (id: string, image: Rgb): Promise<unknown> =>
  store.import(from, [{ id, signals: [{ type: "pdq", value: hashPixelsSync(image).hash, quality: 90 }] }]);
const reopen = async (localKey?: Uint8Array): Promise<void> => {
  await store.close();
  store = await BankStore.open(path, localKey && { localKey });
};
/** Every descriptor and every place of a record, as sequences of bytes. */
function partsOf(record: LocalRecord): Buffer[] {
  const bytes = Buffer.from(record.toBytes());
  return Array.from({ length: record.points }, (_, i) => bytes.subarray(24 + 38 * i + 6, 24 + 38 * (i + 1)));
}
/** The sealed bytes of the record of a closed store, in pieces of 16. */
function sealedPieces(): Buffer[] {
  const database = new Libsql(path);
  const [[address]] = database.prepare("SELECT text FROM local_record").raw().all() as unknown as [[number]];
  const pages = database.prepare("SELECT bytes FROM text_page ORDER BY id").raw().all() as unknown as [Buffer][];
  database.close();
  // A page ends with 4,080 bytes of texts, and a text begins with its length.
  const texts = Buffer.concat(pages.map(([page]) => page.subarray(page.length - 4080)));
  const sealed = texts.subarray(address + 4, address + 4 + texts.readUInt32LE(address));
  return Array.from({ length: Math.floor(sealed.length / 16) }, (_, i) => sealed.subarray(16 * i, 16 * (i + 1)));
}

describe("a local record", () => {
  test("shows nothing of an interface of which a record comes with the library", async () => {
    const withBanner = async (name: string): Promise<Rgb> => {
      const { data, width, height } = await withFurniture("same-banner", 1, new Random("unseen", name));
      return { data, width, height, channels: 3 };
    };
    const [listed, query] = [await withBanner("listed"), await withBanner("query")];
    await list("17", listed);
    store.local.set({ ...from, entryId: "17" }, await registerLocal(listed));
    expect((await store.searchImage(query, { level: "thorough" })).matches).toEqual([]);
  });

  test("is in no file but sealed, and shows in nothing that the store answers", async () => {
    await list("17", originals[0]!);
    expect(store.local.set({ ...from, entryId: "17" }, records[0])).toBe(true);
    expect([store.local.size, store.local.isOpen]).toEqual([1, true]);
    const answers = JSON.stringify([store.entry({ ...from, entryId: "17" }), [...store.entries()], store.audit()]);
    await store.saveIndex();
    const bytes = everyByte(folder);
    const parts = partsOf(records[0]!);
    expect(parts.length).toBeGreaterThan(50);
    expect(presentIn(bytes, parts)).not.toContain(true);
    for (const part of parts) {
      expect(answers).not.toContain(part.toString("hex"));
      expect(answers).not.toContain(part.toString("base64"));
    }
    expect(store.audit().at(-1)).toMatchObject({ what: "local", detail: { entryNumber: 1, record: "added" } });
    expect(store.verify()).toEqual([]);
  });

  for (const removal of ["withdraw", "erase", "set", "import"] as const) {
    test(`is gone from every file after ${removal}`, async () => {
      await list("17", originals[0]!);
      store.local.set({ ...from, entryId: "17" }, records[0]);
      await store.close();
      const pieces = sealedPieces();
      expect(pieces.length).toBeGreaterThan(100);
      store = await BankStore.open(path);
      const present = (): boolean[] => presentIn(everyByte(folder), pieces);
      // A piece may cross the end of a page.
      expect(present().filter((there) => !there).length).toBeLessThan(5);
      if (removal === "set") expect(store.local.set({ ...from, entryId: "17" }, undefined)).toBe(true);
      else if (removal === "import") {
        await list("17", originals[1]!);
        store.checkpoint();
      } else await store[removal]({ ...from, entryId: "17" });
      expect(store.local.size).toBe(0);
      expect(present()).not.toContain(true);
      expect(store.verify()).toEqual([]);
    });
  }

  test("is removed without the key, and added with the same key only", async () => {
    await list("17", originals[0]!);
    await list("18", originals[1]!);
    store.local.set({ entryNumber: 1 }, records[0]);
    await reopen();
    expect([store.local.size, store.local.isOpen]).toEqual([1, false]);
    const refused = { code: "ERR_EMPREINTE_LOCAL_KEY" };
    expect(() => store.local.set({ entryNumber: 2 }, records[1])).toThrowError(expect.objectContaining(refused));
    await reopen(key.toReversed());
    expect(() => store.local.set({ entryNumber: 2 }, records[1])).toThrowError(expect.objectContaining(refused));
    expect(store.local.size).toBe(1);
    await reopen();
    expect(store.local.set({ entryNumber: 1 }, undefined)).toBe(true);
    expect(store.local.set({ entryNumber: 1 }, undefined)).toBe(false);
    await reopen(key);
    expect(store.local.set({ entryNumber: 2 }, records[1])).toBe(true);
  });

  test("is refused for an entry that is not there, and for anything but a record", async () => {
    await list("17", originals[0]!);
    expect(store.local.set({ entryNumber: 2 }, records[0])).toBe(false);
    await store.withdraw({ entryNumber: 1 });
    expect(store.local.set({ entryNumber: 1 }, records[0])).toBe(false);
    expect(() => store.local.set({ entryNumber: 1 }, records[0]!.toBytes() as never)).toThrow(/LocalRecord/);
    for (const localKey of [new Uint8Array(31), "x".repeat(32) as never]) {
      await expect(BankStore.open(path, { localKey })).rejects.toThrow(/Uint8Array of 32 bytes/);
    }
  });

  test("goes to a replica sealed, and is gone there after the withdrawal", async () => {
    await list("17", originals[0]!);
    const copy = join(folder, "copy");
    store.history.copyTo(copy);
    const replica = await BankStore.open(copy, { localKey: key });
    try {
      replica.history.setReplica(true);
      const follow = async (): Promise<Buffer> => {
        const revisions = Buffer.from(store.history.readRevisions(replica.history.position())!);
        await replica.history.applyRevisions(revisions);
        return revisions;
      };
      store.local.set({ entryNumber: 1 }, records[0]);
      const revisions = await follow();
      expect(presentIn(revisions, partsOf(records[0]!))).not.toContain(true);
      expect(replica.local.size).toBe(1);
      await store.withdraw({ entryNumber: 1 });
      await follow();
      expect(replica.local.size).toBe(0);
      expect(replica.verify()).toEqual([]);
      expect(replica.history.digest()).toBe(store.history.digest());
    } finally {
      await replica.close();
    }
  });
});
