/** `scan --level`: what it prints of altered copies, its exit status, and what does not go with it. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import { hashPixelsSync, hashWithCrops } from "../../../dist/index.js";
import { native } from "../../../dist/native/load.js";
import { cropListLines } from "../../../dist/doors/lists.js";
import { crop, mirrored, type Rgb, scene } from "../../support/image/altered.ts";
import { empreinte, folder, jsonLines } from "../../support/cli.ts";

const here = folder();
const original = scene(21);

async function save(name: string, { data, width, height }: Rgb): Promise<string> {
  const path = join(here, name);
  await sharp(data as Uint8Array, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
  return path;
}

const mirror = await save("mirror.png", mirrored(original));
const small = await save("cropped.png", crop(original, 0.02, 0.02, 0.02, 0.02));
const large = await save("large crop.png", crop(original, 0.2, 0.2, 0.2, 0.2));
const other = await save("other.png", scene(22));
const list = join(here, "known.csv");
writeFileSync(list, `${hashPixelsSync(scene(30)).hash},another\n${hashPixelsSync(original).hash},case 7\n`);
const registered = join(here, "registered.csv");
writeFileSync(registered, cropListLines(await hashWithCrops(original), "case 7", { crops: true }).join("\n"));

describe("scan --level", () => {
  it("prints a record as without it; 1 for found, 0 for nothing", async () => {
    const { code, stdout, stderr } = await empreinte(["scan", "--list", list, "--level", "fast", mirror]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const [path, verdict, distance, ...rest] = stdout.trimEnd().split("\t");
    expect([path, verdict, ...rest]).toEqual([mirror, "match", `${list}:2`, "flipY", "-", "case 7"]);
    expect(Number(distance)).toBeLessThanOrEqual(31);
    expect(await empreinte(["scan", "--list", list, "--level", "thorough", other])).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  it("with --json has the tier, the region and the line", async () => {
    const { code, stdout } = await empreinte(["scan", "--json", "--list", list, "--level", "standard", small]);
    expect(code).toBe(1);
    const [found] = jsonLines<{ matches: Record<string, unknown>[] }>(stdout);
    expect(found).toMatchObject({ path: small, kind: "image", quality: 100 });
    expect(found!.matches).toMatchObject([{ verdict: "match", list, line: 2, metadata: "case 7" }]);
  });

  it("finds a large crop by what was registered, and names the original's line", async () => {
    const { stdout } = await empreinte(["scan", "--list", registered, "--level", "standard", large]);
    expect(stdout).toContain(`\t${registered}:1\t`);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect((await empreinte(["scan", "--list", list, "--level", "standard", large])).stdout).toBe("");
  });

  it("reads and hashes each image once for several lists, and prints what each list by itself gives", async () => {
    const digests = join(here, "digests.txt");
    const bytes = readFileSync(small);
    writeFileSync(
      digests,
      `pdq ${hashPixelsSync(scene(31)).hash}\nmd5 ${createHash("md5").update(bytes).digest("hex")}\n`,
    );
    const lists = [list, registered, digests];
    const files = [small, mirror, large, other];
    const scan = async (some: readonly string[], level: string, paths = files, input?: Buffer) => {
      // In this process, where the calls are counted.
      const here = ["--isolation", "none", "--level", level];
      const args = ["scan", ...some.flatMap((path) => ["--list", path]), ...here, ...paths];
      return (await empreinte(args, input && { input })).stdout.split("\n").filter((line) => line !== "");
    };
    for (const level of ["standard", "thorough"]) {
      const alone = (await Promise.all(lists.map((one) => scan([one], level)))).flat();
      const counted = ["hash", "createViews", "viewStage"] as const;
      const spies = counted.map((name) => vi.spyOn(native, name));
      const found = await scan(lists, level);
      const [hashed, reduced, staged] = spies.map(({ mock }) => mock.calls.length);
      spies.forEach((spy) => spy.mockRestore());
      expect(found.toSorted()).toEqual(alone.toSorted());
      expect(found.filter((line) => line.includes("digest=md5"))).toHaveLength(1);
      expect(hashed).toBe(files.length);
      expect(reduced).toBe(files.length);
      // turned, detected, fixed and large, each at most once an image
      expect(staged).toBeLessThanOrEqual(4 * files.length);
    }
    // A stream can be read once only.
    const expected = (await scan(lists, "standard", [small])).map((line) => line.replace(small, "-"));
    expect(expected).toHaveLength(3);
    expect(await scan(lists, "standard", ["-"], bytes)).toEqual(expected);
  });

  it("names a file that cannot be decoded by its bytes, whichever list has them", async () => {
    const broken = join(here, "broken.png");
    const bytes = readFileSync(mirror).subarray(0, 60);
    writeFileSync(broken, bytes);
    const digests = join(here, "broken.txt");
    writeFileSync(digests, `sha256 ${createHash("sha256").update(bytes).digest("hex")}\n`);
    const args = ["scan", "--level", "standard", "--list", list, "--list", digests, "--json", broken];
    const { stdout } = await empreinte(args);
    const [found] = jsonLines<object>(stdout);
    expect(found).toMatchObject({ path: broken, matches: [{ verdict: "exact", list: digests, digest: "sha256" }] });
    expect(found).not.toHaveProperty("hash");
  });

  it.each<[string[], RegExp]>([
    [["--level", "slow"], /fast, standard or thorough for --level but received "slow"/],
    [["--level", "standard", "--radius", "3"], /--radius does not go with --level/],
    [["--level", "thorough", "--no-orientations"], /--no-orientations does not go with --level/],
  ])("%j is wrong usage", async (args, sentence) => {
    const { code, stdout, stderr } = await empreinte(["scan", "--list", list, ...args, other]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(sentence);
  });
});
