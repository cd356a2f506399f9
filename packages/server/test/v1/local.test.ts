/** Local records in the service: searched with the key of the configuration, and named where there is none. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashPixelsSync } from "empreinte";
import { BankStore } from "empreinte/bank";
import { registerLocal } from "empreinte/local";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, fromEach, type Rgb, scene } from "../../../../test/support/image/altered.ts";
import { storePath } from "../../dist/core/paths.js";
import { type TestServer, testServer } from "../support/server.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => 5 * i + 1);
const original = scene(40, 480, 360);
let folder: string;
let keyFile: string;
let upload: Buffer;

/** A third of an original in the middle of another image, which no hash of it finds. */
function within(): Rgb {
  const [under, over] = [at(scene(91, 560, 420)), at(original)];
  const inside = (x: number, y: number): boolean => x >= 150 && x < 390 && y >= 120 && y < 300;
  return fromEach(560, 420, (x, y) => (inside(x, y) ? over(x - 60, y - 30) : under(x, y)));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-server-local-"));
  keyFile = join(folder, "local.key");
  writeFileSync(keyFile, Buffer.from(key).toString("hex"));
  const { data, width, height } = within();
  upload = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const store = await BankStore.create(storePath(folder), { localKey: key });
  const from = { bank: "ncii", source: "s" };
  store.createBank({ name: "ncii", policy: { action: "block", local: "review" } });
  const { hash } = hashPixelsSync(original);
  await store.import(from, [{ id: "1", signals: [{ type: "pdq", value: hash, quality: 90 }] }]);
  store.local.set({ ...from, entryId: "1" }, await registerLocal(original));
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function checked(server: TestServer): Promise<{ action: string; kinds: unknown[]; reasons: string }> {
  const { status, body } = await server.call("/v1/check?level=thorough", {
    headers: { "content-type": "image/png" },
    body: upload,
  });
  expect(status).toBe(200);
  const { action, matches, reasons } = body as { action: string; matches: { kind: string }[]; reasons: unknown };
  return { action, kinds: matches.map(({ kind }) => kind), reasons: JSON.stringify(reasons) };
}

describe("the local records of a store", () => {
  test("are searched with the key, and a decision without it says that they are not", async () => {
    const server = await testServer({ data: folder, localKeyFile: keyFile });
    try {
      expect(await checked(server)).toMatchObject({ action: "review", kinds: ["local"] });
    } finally {
      await server.close();
    }
    const without = await testServer({ data: folder });
    try {
      const { action, kinds, reasons } = await checked(without);
      expect({ action, kinds }).toEqual({ action: "none", kinds: [] });
      expect(reasons).toContain("local");
    } finally {
      await without.close();
    }
  });

  test("need a key of 32 bytes in a file that can be read", async () => {
    const wrong = join(folder, "wrong.key");
    writeFileSync(wrong, "abc");
    const starts = (localKeyFile: string): Promise<unknown> => testServer({ data: folder, localKeyFile });
    await expect(starts(wrong)).rejects.toThrow(/wrong\.key" has no key: expected 32 bytes or 64 hex digits/);
    await expect(starts(join(folder, "none.key"))).rejects.toThrow(/localKeyFile .*none\.key/);
  });
});
