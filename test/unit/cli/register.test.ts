/** `empreinte register`, and what a scan finds by the records that it stores. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, describe, expect, test, vi } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { registerLocal } from "../../../dist/doors/local.js";
import { everyByte, presentIn } from "../../support/bank/bytes.ts";
import { at as sampleAt, fromEach, type Rgb, scene } from "../../support/image/altered.ts";
import { empreinte, folder, jsonLines } from "../../support/cli.ts";

const at = folder();
const key = "a5".repeat(31) + "0f";
const keyFile = join(at, "local.key");
writeFileSync(keyFile, `${key}\n`);
async function png(name: string, { data, width, height, channels }: Rgb): Promise<string> {
  const path = join(at, name);
  await sharp(data, { raw: { width, height, channels } }).png().toFile(path);
  return path;
}
mkdirSync(join(at, "originals"));
const originals = [scene(40, 480, 360), scene(41, 480, 360)];
const [first] = await Promise.all(originals.map((image, i) => png(`originals/${i}.png`, image)));
/** A quarter of the first original inside another image. */
const [under, over] = [sampleAt(scene(91, 560, 420)), sampleAt(originals[0]!)];
const upload = await png(
  "upload.png",
  fromEach(560, 420, (x, y) => (x >= 150 && x < 390 && y >= 120 && y < 300 ? over(x - 60, y - 30) : under(x, y))),
);
const given = ["--bank", "ncii", "--source", "own", "--isolation", "none"];
let made = 0;
/** A new store with a bank, in a folder of its own. */
async function bank(...policy: string[]): Promise<string> {
  const inside = join(at, `store-${made++}`);
  mkdirSync(inside);
  const path = join(inside, "known.bank");
  expect((await empreinte(["bank", "create", path, "ncii", "--action", "block", ...policy])).code).toBe(0);
  return path;
}
afterEach(() => void vi.unstubAllEnvs());

describe("register --local", () => {
  test("stores sealed records, by which a scan at thorough finds a part", async () => {
    const path = await bank("--local", "block");
    const args = ["register", path, join(at, "originals"), ...given, "--local", "--local-key", keyFile, "--json"];
    const { code, stdout, stderr } = await empreinte(args);
    expect([code, stderr]).toEqual([0, expect.stringContaining("2 images with 2 local records")]);
    const entries = jsonLines<{ entryId: string; points: number; status: string }>(stdout);
    expect(entries.map(({ status, points }) => [status, points > 50])).toEqual([
      ["active", true],
      ["active", true],
    ]);
    const bytes = Buffer.from((await registerLocal(originals[0]!)).toBytes());
    const descriptors = Array.from({ length: 50 }, (_, i) => bytes.subarray(24 + 38 * i + 6, 24 + 38 * (i + 1)));
    expect(presentIn(everyByte(join(path, "..")), descriptors)).not.toContain(true);

    const scan = ["scan", "--bank", path, "--level", "thorough", "--isolation", "none", upload];
    const found = await empreinte([...scan, "--local-key", keyFile]);
    expect(found.code).toBe(1);
    const [, verdict, , reference, , view, detail] = found.stdout.trimEnd().split("\t");
    expect([verdict, reference, view]).toEqual(["match", "ncii/own/#1", "local"]);
    expect(detail).toMatch(/^action=block region=/);
    const without = await empreinte(scan);
    expect([without.code, without.stdout]).toEqual([0, ""]);
    expect(without.stderr).toContain("ncii: local records need --local-key: not searched");
    // The same again changes nothing but the record.
    expect((await empreinte(args)).stdout).toBe(stdout);
    const info = await empreinte(["bank", "info", path]);
    expect(info.stdout).toContain("2 local records");
    expect(info.stdout).toContain("by local records at most block");
    const exported = await empreinte(["bank", "export", path, "--to", "json", "-o", "-"]);
    expect(exported.code).toBe(0);
    for (const descriptor of descriptors) expect(exported.stdout).not.toContain(descriptor.toString("hex"));
  });

  test("takes the key from a variable, a systemd credential or a file of 32 bytes", async () => {
    const path = await bank();
    const args = ["register", path, first!, ...given, "--local", "--quiet"];
    const records = async (): Promise<number> => {
      const store = await BankStore.open(path, { localKey: Uint8Array.from(Buffer.from(key, "hex")) });
      const { size } = store.local;
      expect(store.local.set({ entryNumber: 1 }, undefined)).toBe(size === 1);
      await store.close();
      return size;
    };
    vi.stubEnv("EMPREINTE_LOCAL_KEY", key);
    expect([(await empreinte(args)).code, await records()]).toEqual([0, 1]);
    vi.stubEnv("EMPREINTE_LOCAL_KEY", undefined);
    vi.stubEnv("CREDENTIALS_DIRECTORY", join(at, "credentials"));
    mkdirSync(join(at, "credentials"));
    expect(await empreinte(args)).toMatchObject({ code: 64, stderr: expect.stringContaining("give --local-key") });
    writeFileSync(join(at, "credentials/empreinte-local-key"), Buffer.from(key, "hex"));
    expect([(await empreinte(args)).code, await records()]).toEqual([0, 1]);
  });

  test("refuses what is no key, without repeating it, and a command line that contradicts itself", async () => {
    const path = await bank();
    const wrong = join(at, "wrong.key");
    writeFileSync(wrong, `${key.slice(1)}\n`);
    const start = ["register", path, first!, ...given];
    for (const [args, said] of [
      [["--local", "--local-key", wrong], "Expected 64 hex digits or 32 bytes as the key of local records in"],
      [["--local", "--local-key", join(at, "none.key")], "cannot be read"],
      [["--local-key", keyFile], "--local-key is used with --local only"],
      [["--most", "100"], "--local"],
      [["--local", "--local-key", keyFile, "-"], "standard input"],
    ] as const) {
      const { code, stderr } = await empreinte([...start, ...args]);
      expect([code === 0, stderr]).toEqual([false, expect.stringContaining(said)]);
      expect(stderr).not.toContain(key.slice(1, 20));
    }
    const { code, stderr } = await empreinte(["register", path, first!, "--bank", "none", "--source", "own"]);
    expect([code, stderr]).toEqual([64, expect.stringContaining("There is no bank none")]);
  });
});

test("register adds an entry for each image, and none that was withdrawn", async () => {
  const path = await bank();
  const args = ["register", path, first!, ...given];
  expect(await empreinte(args)).toMatchObject({ code: 0, stderr: expect.stringContaining("1 image") });
  expect((await empreinte(["scan", "--bank", path, first!])).stdout).toContain("action=block");
  const store = await BankStore.open(path);
  expect(
    store
      .entry({ entryNumber: 1 })!
      .signals.map(({ type }) => type)
      .sort(),
  ).toEqual(["pdq", "sha256"]);
  await store.withdraw({ entryNumber: 1 });
  await store.close();
  const again = await empreinte([...args, "--json"]);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("its entry was withdrawn")]);
  expect(jsonLines(again.stdout)).toMatchObject([{ path: first, refused: "withdrawn" }]);
});
