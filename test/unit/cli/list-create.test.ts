import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { hashDistance, hashPixelsSync, hashWithCrops, type CropHashes } from "../../../dist/index.js";
import { cropListLines } from "../../../dist/doors/lists.js";
import { crop, fromEach, type Rgb, scene } from "../../support/image/altered.ts";
import { empreinte, folder, jsonLines, main } from "../../support/cli.ts";

const at = folder();
async function png(name: string, { data, width, height, channels }: Rgb): Promise<string> {
  const path = join(at, name);
  await sharp(data, { raw: { width, height, channels } }).png().toFile(path);
  return path;
}
const originals = [scene(5, 400, 300), scene(6, 300, 320), scene(7, 280, 200)];
const paths = await Promise.all(originals.map((image, i) => png(`original-${i}.png`, image)));
const lines = (text: string): string[] => text.split("\n").slice(0, -1);

describe("list create", () => {
  test("prints a line for each image: standard hashes, no crops, and a note about it", async () => {
    const { code, stdout, stderr } = await empreinte(["list", "create", ...paths]);
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual(originals.map((image, i) => `${hashPixelsSync(image).hash},${paths[i]}`));
    expect(stderr).toContain("3 images, without hashes of crops, which --crops adds");
    const quiet = await empreinte(["list", "create", "--quiet", "--metadata", "case 7", paths[0]!]);
    expect(quiet).toMatchObject({ stdout: `${hashPixelsSync(originals[0]!).hash},case 7\n`, stderr: "" });
  });

  test.each(["standard", "thorough"] as const)(
    "--crops --level %s: the crops that the library makes",
    async (level) => {
      const whole = await Promise.all(originals.map((image) => hashWithCrops(image, { level })));
      const expected = whole.flatMap((one, i) => cropListLines(one, paths[i]!, { crops: true }));
      const out = join(at, `${level}.csv`);
      const args = ["list", "create", "--crops", "--level", level, "-o", out, ...paths];
      const { code, stdout, stderr } = await empreinte(args);
      expect([code, stdout]).toEqual([0, ""]);
      expect(lines(readFileSync(out, "utf8"))).toEqual(expected);
      expect(statSync(out).mode & 0o777).toBe(0o600);
      expect(stderr).toContain(`3 images, with ${expected.length - 3} hashes of crops: keep them to yourself`);
      const json = await empreinte(["list", "create", "--crops", "--level", level, "--json", ...paths]);
      expect(jsonLines<CropHashes>(json.stdout)).toEqual(whole.map((one, i) => ({ path: paths[i], ...one })));
    },
  );

  test("what cannot be listed is named, the rest is; -o has no word of it", async () => {
    const inside = join(at, "mixed");
    mkdirSync(inside);
    const flat = await png(
      "mixed/flat.png",
      fromEach(90, 90, () => [7, 7, 7]),
    );
    const odd = await png("mixed/odd;crop=x.png", originals[1]!);
    writeFileSync(join(inside, "broken.png"), "no image");
    writeFileSync(join(inside, "notes.txt"), "no image either");
    const out = join(at, "mixed.jsonl");
    const { code, stdout, stderr } = await empreinte(["list", "create", inside, join(at, "none"), "--json", "-o", out]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(jsonLines<object>(readFileSync(out, "utf8"))).toMatchObject([
      { path: flat, skipped: "quality" },
      { path: odd, quality: 100 },
    ]);
    for (const text of ["flat.png: Its quality 0 is below 50", "broken.png", "none", "1 skipped", "1 image, "])
      expect(stderr).toContain(text);
    const { hash } = hashPixelsSync(originals[1]!);
    const text = await empreinte(["list", "create", "--quiet", inside]);
    expect(text.stdout).toBe(`${hash},${odd.replace(";crop=", "; crop=")}\n`);
  });

  test("in a bank, a large crop gives a review until its image is withdrawn", async () => {
    const list = join(at, "mine.csv");
    expect((await empreinte(["list", "create", "--crops", "-o", list, ...paths])).code).toBe(0);
    const bank = join(at, "mine.bank");
    const store = await BankStore.create(bank);
    store.createBank({ name: "mine", policy: { action: "block" } });
    await store.close();
    const imported = await empreinte(["bank", "import", bank, list, "--bank", "mine", "--source", "own"]);
    expect(imported).toMatchObject({ code: 0, stdout: `${list}: 3 added\n` });
    const cut = crop(originals[0]!, 0.2, 0.2, 0.2, 0.2);
    expect(hashDistance(hashPixelsSync(cut).hash, hashPixelsSync(originals[0]!).hash)).toBeGreaterThan(31);
    const upload = await png("cut.png", cut);
    const scan = async (): Promise<string> => (await empreinte(["scan", "--bank", bank, upload, paths[0]!])).stdout;
    expect(lines(await scan())).toEqual([
      `${upload}\tmatch\t0\tmine/own/#1\torig\t-\taction=review crop=centre-20`,
      `${paths[0]}\tmatch\t0\tmine/own/#1\torig\t-\taction=block`,
    ]);
    expect((await empreinte(["bank", "erase", bank, "#1"])).stdout).toMatch(/^1 entry, \d\d values/);
    expect(await scan()).toBe("");
  });

  test("stopped in the middle: no file, and the old one stays", async () => {
    const out = join(at, "stopped.csv");
    writeFileSync(out, "as it was\n");
    const missing = await empreinte(["list", "create", "-o", join(at, "no folder", "x.csv"), ...paths]);
    expect([missing.code, missing.stderr]).toMatchObject([2, expect.stringContaining("cannot be written")]);
    // An input that never ends: the images before it are done.
    const child = spawn(process.execPath, [main, "list", "create", "--crops", "-o", out, ...paths, "-"]);
    const beside = (): string[] => readdirSync(at).filter((name) => name.startsWith(".stopped.csv."));
    while (beside().length === 0 || statSync(join(at, beside()[0]!)).size === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(130);
    expect(beside()).toEqual([]);
    expect(readFileSync(out, "utf8")).toBe("as it was\n");
  });

  test("wrong usage", async () => {
    const wrong = [
      [],
      ["--level", "thorough", "x.png"],
      ["--crops", "--level", "fast", "x.png"],
      ["--metadata", "a;crop=b", "x.png"],
      ["-o", "", "x.png"],
      ["--all-pages", "x.png"],
    ];
    const ran = await Promise.all(wrong.map((args) => empreinte(["list", "create", ...args])));
    expect(ran.map(({ code, stdout }) => [code, stdout])).toEqual(wrong.map(() => [64, ""]));
    expect(ran.map(({ stderr }) => stderr.split("\n")[0])).toEqual([
      expect.stringContaining("No PATH is given"),
      expect.stringContaining("--level needs --crops"),
      expect.stringContaining('Expected standard or thorough for --level but received "fast"'),
      expect.stringContaining("for metadata"),
      expect.stringContaining("Expected FILE for --output but received nothing"),
      expect.stringContaining("Unknown option '--all-pages'"),
    ]);
  });
});
