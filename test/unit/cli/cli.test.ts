/** The command line as a user has it: every flag, the lines and objects it prints, each exit status. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultLimits, orientationNames, hashDistance } from "../../../dist/index.js";
import { empreinte, empreinteProcess, folder, jsonLines, known, makeImage } from "../../support/cli.ts";
import { root } from "../../support/run.ts";

const here = folder();
const scene = known("scenergb-128x128");
const waves = known("wavesrgb-128x128");
const small = known("scenergb-65x63");
const large = known("scenergb-640x480");
const scenePath = await makeImage(scene.id, join(here, "photos/b scene.png"));
const wavesPath = await makeImage(waves.id, join(here, "photos/a.webp"));
await makeImage(small.id, join(here, "photos/deep/c.tiff"));
writeFileSync(join(here, "photos/notes.txt"), "no image, and not named like one");
writeFileSync(join(here, "broken.png"), "this is no image");
const mirrored = await makeImage(large.id, join(here, "mirrored.png"), (image) => image.flop());

const list = (name: string, text: string): string => {
  writeFileSync(join(here, name), text);
  return join(here, name);
};
const knownList = list("known.csv", `${scene.hash},the scene\n${small.hash},"other, quoted"\n${large.hash},large\n`);
const bits = (hash: string, n: number): string =>
  (BigInt(`0x${hash}`) ^ ((1n << BigInt(n)) - 1n)).toString(16).padStart(64, "0");

describe("help and version", () => {
  it("--version is the package's", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(await empreinteProcess(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([[["--help"]], [["hash", "--help"]], [["scan", "x", "-h"]], [["doctor", "--help"]]])("%j", async (args) => {
    const { code, stdout, stderr } = await empreinte(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^empreinte/);
    if (args.length > 1) expect(stdout).toMatch(/^Examples?:\n {2}empreinte /m);
    expect(stdout.split("\n").every((line) => line.length <= 120)).toBe(true);
  });

  it("the defaults in the help are the package's", async () => {
    const help = (await empreinte(["scan", "--help"])).stdout.replaceAll(/\s+/g, " ");
    const { isolation, ...limits } = defaultLimits;
    // The command is safer than the library, whose caller may have a process of its own already.
    expect([isolation, /--isolation WHERE [^]*?Default: (\w+)/.exec(help)?.[1]]).toEqual(["none", "process"]);
    for (const [name, value] of Object.entries(limits)) {
      const flag = `--max-${name.slice(3).toLowerCase()} N`;
      expect(help).toMatch(new RegExp(`${flag}[^]*?Default: ${value}\\b`));
    }
  });
});

describe("wrong usage is 64, with a sentence on standard error and nothing on standard output", () => {
  it.each<[string[], RegExp]>([
    [[], /^empreinte: has this image or video been seen before/],
    [["frobnicate"], /no command "frobnicate"/],
    [["hash"], /No PATH/],
    [["hash", "--frobnicate", "x"], /Unknown option '--frobnicate'/],
    [["hash", "--compat", "cpp", "x"], /cpp-cli for --compat/],
    [["hash", "--json=yes", "x"], /--json/],
    [["hash", "--concurrency", "0", "x"], /integer between 1 and \d+ for --concurrency but received "0"/],
    [["hash", "--max-pixels", "1e3", "x"], /integer of at least 1 for --max-pixels/],
    [["hash", "--max-seconds", "-1", "x"], /--max-seconds/],
    [["hash", "--max-bytes=", "x"], /--max-bytes/],
    [["hash", "--max-pages", "two", "x"], /--max-pages/],
    [["scan", "x"], /No --list/],
    [["scan", "--list", "x"], /No PATH/],
    [["scan", "--list", "x", "--radius=-1", "y"], /integer between 0 and 256 for --radius but received "-1"/],
    [["scan", "--list", "x", "--radius", "-1", "y"], /begins with a dash is given as --radius=VALUE\. See/],
    [["scan", "--list", "x", "--radius", "257", "y"], /between 0 and 256 for --radius/],
    [["scan", "--list", "x", "--radius", "NaN", "y"], /--radius/],
    [["scan", "--list", "x", "--radius", "31.0", "y"], /--radius/],
    [["scan", "--list", "x", "--min-quality", "101", "y"], /between 0 and 100 for --min-quality/],
    [["doctor", "x"], /Unexpected argument "x"/],
  ])("%j", async (args, sentence) => {
    const { code, stdout, stderr } = await empreinte(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("a kernel that does not exist", async () => {
    const env = { ...process.env, EMPREINTE_KERNEL: "abacus" };
    const { code, stdout, stderr } = await empreinteProcess(["hash", scenePath], { env });
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain("EMPREINTE_KERNEL");
  });
});

describe("hash", () => {
  it("prints hash, quality and path, like sha256sum", async () => {
    expect(await empreinteProcess(["hash", scenePath])).toEqual({
      code: 0,
      signal: null,
      stdout: `${scene.hash}  ${scene.quality}  ${scenePath}\n`,
      stderr: "",
    });
  });

  it("walks folders by name, skips what is no image and says how many", async () => {
    const { code, stdout, stderr } = await empreinteProcess(["hash", "photos"], { cwd: here });
    expect(stdout).toBe(
      `${waves.hash}  ${waves.quality}  photos/a.webp\n` +
        `${scene.hash}  ${scene.quality}  photos/b scene.png\n` +
        `${small.hash}  ${small.quality}  photos/deep/c.tiff\n`,
    );
    expect(stderr).toBe("empreinte: 3 files, 0 failed, 1 skipped (no images)\n");
    expect(code).toBe(0);
    const quiet = await empreinte(["hash", "--quiet", join(here, "photos")]);
    expect(quiet).toMatchObject({ code: 0, stdout: stdout.replaceAll("  photos", `  ${here}/photos`), stderr: "" });
  });

  it("keeps the order of the arguments, whatever the concurrency", async () => {
    const args = [join(here, "photos/deep"), scenePath, wavesPath, scenePath];
    for (const n of ["1", "8"]) {
      const { stdout } = await empreinte(["hash", "--concurrency", n, ...args]);
      const hashes = stdout.split("\n").map((line) => line.slice(0, 64));
      expect(hashes).toEqual([small.hash, scene.hash, waves.hash, scene.hash, ""]);
    }
  });

  it("reads standard input as -", async () => {
    const { code, stdout } = await empreinteProcess(["hash", "-", wavesPath], { input: readFileSync(scenePath) });
    expect(stdout).toBe(`${scene.hash}  ${scene.quality}  -\n${waves.hash}  ${waves.quality}  ${wavesPath}\n`);
    expect(code).toBe(0);
  });

  it("--json", async () => {
    const { code, stdout } = await empreinte(["hash", "--json", scenePath]);
    const { hash, quality, width, height } = scene;
    const expected = { path: scenePath, kind: "image", hash, quality, stable: true, width, height };
    expect(stdout).toBe(`${JSON.stringify(expected)}\n`);
    expect(code).toBe(0);
  });

  it("--orientations: eight lines a file, eight keys in JSON", async () => {
    const text = await empreinte(["hash", "--orientations", scenePath]);
    const lines = orientationNames.map((v) => `${scene.orientations[v]}  ${scene.quality}  ${v}  ${scenePath}\n`);
    expect(text.stdout).toBe(lines.join(""));
    const json = await empreinte(["hash", "--orientations", "--json", scenePath]);
    expect(JSON.parse(json.stdout)).toMatchObject({ hash: scene.hash, orientations: scene.orientations });
  });

  it("--compat cpp-cli hashes the 512×512 nearest-neighbour image", async () => {
    const big = known("scenergb-1000x750");
    const path = await makeImage(big.id, join(here, "big.png"));
    // The same step by hand: out[y][x] = in[⌊y·H/512⌋][⌊x·W/512⌋].
    const { default: sharp } = await import("sharp");
    const raw = await sharp(path).raw().toBuffer();
    const data = Buffer.alloc(512 * 512 * 3);
    for (let y = 0; y < 512; y++) {
      for (let x = 0; x < 512; x++) {
        const from = 3 * (Math.floor((y * 750) / 512) * 1000 + Math.floor((x * 1000) / 512));
        raw.copy(data, 3 * (y * 512 + x), from, from + 3);
      }
    }
    const shrunk = join(here, "shrunk.png");
    await sharp(data, { raw: { width: 512, height: 512, channels: 3 } })
      .png()
      .toFile(shrunk);
    const [plain, compat, byHand] = await Promise.all([
      empreinte(["hash", path]),
      empreinte(["hash", "--compat", "cpp-cli", path]),
      empreinte(["hash", shrunk]),
    ]);
    expect(plain.stdout.slice(0, 64)).toBe(big.hash);
    expect(compat.stdout.slice(0, 64)).toBe(byHand.stdout.slice(0, 64));
    expect(compat.stdout.slice(0, 64)).not.toBe(big.hash);
  });

  it("a bad file is reported by name, the others are hashed, the status is 2", async () => {
    const missing = join(here, "missing.png");
    const text = await empreinte(["hash", join(here, "broken.png"), missing, scenePath]);
    expect(text.stdout).toBe(`${scene.hash}  ${scene.quality}  ${scenePath}\n`);
    expect(text.stderr).toMatch(/^empreinte: .*broken\.png: .+\nempreinte: .*missing\.png: .*ENOENT.*\n$/);
    expect(text.code).toBe(2);
    const json = await empreinte(["hash", "--json", join(here, "broken.png"), missing, scenePath]);
    expect(jsonLines(json.stdout)).toMatchObject([
      { path: join(here, "broken.png"), error: { code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" } },
      { path: missing, error: { code: "ERR_EMPREINTE_READ" } },
      { path: scenePath, hash: scene.hash },
    ]);
    expect(Object.keys((jsonLines(json.stdout) as object[])[0]!)).toEqual(["path", "error"]);
    expect(json).toMatchObject({ code: 2, stderr: "" });
  });

  it("in a walked folder a file named like an image is not skipped", async () => {
    const odd = folder();
    writeFileSync(join(odd, "renamed.JPG"), "text");
    writeFileSync(join(odd, "empty.png"), "");
    writeFileSync(join(odd, "empty"), "");
    writeFileSync(join(odd, "README"), "text");
    await makeImage(scene.id, join(odd, "z.png"));
    const { code, stdout, stderr } = await empreinte(["hash", "--json", odd]);
    expect(jsonLines(stdout)).toMatchObject([
      { path: join(odd, "empty.png"), error: { code: "ERR_EMPREINTE_EMPTY" } },
      { path: join(odd, "renamed.JPG"), error: { code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" } },
      { path: join(odd, "z.png"), hash: scene.hash },
    ]);
    expect(stderr).toContain("2 failed, 2 skipped");
    expect(code).toBe(2);
  });

  it.each([
    ["--max-pixels", "16383", "16384"],
    ["--max-bytes", "1000", "10000000"],
  ])("%s", async (flag, tooFew, enough) => {
    const over = await empreinte(["hash", "--json", flag, tooFew, scenePath]);
    expect(jsonLines(over.stdout)).toMatchObject([{ error: { code: "ERR_EMPREINTE_LIMIT" } }]);
    expect(over.code).toBe(2);
    expect(await empreinte(["hash", flag, enough, scenePath])).toMatchObject({ code: 0 });
  });

  it("--all-pages and --max-pages", async () => {
    const { default: sharp } = await import("sharp");
    const animation = join(here, "two.webp");
    await sharp([scenePath, wavesPath], { join: { animated: true } })
      .webp({ lossless: true })
      .toFile(animation);
    const text = await empreinte(["hash", "--all-pages", animation]);
    expect(text.stdout).toBe(
      `${scene.hash}  ${scene.quality}  page-0  ${animation}\n${waves.hash}  ${waves.quality}  page-1  ${animation}\n`,
    );
    const json = await empreinte(["hash", "--all-pages", "--json", animation]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      hash: scene.hash,
      frames: [{ hash: scene.hash }, { hash: waves.hash }],
    });
    const over = await empreinte(["hash", "--all-pages", "--max-pages", "1", "--json", animation]);
    expect(jsonLines(over.stdout)).toMatchObject([{ error: { code: "ERR_EMPREINTE_LIMIT" } }]);
    const first = await empreinte(["hash", animation]);
    expect(first.stdout).toBe(`${scene.hash}  ${scene.quality}  ${animation}\n`);
    const found = await empreinte([
      "scan",
      "--json",
      "--all-pages",
      "--list",
      list("second.txt", waves.hash),
      animation,
    ]);
    expect(JSON.parse(found.stdout)).toMatchObject({ matches: [{ distance: 0, page: 1 }] });
  });
});

describe("scan", () => {
  it("prints path, verdict, distance, list:line, orientation, view and metadata; 1 when something was found", async () => {
    const args = ["scan", "--list", "known.csv", "photos", mirrored];
    const { code, stdout, stderr } = await empreinteProcess(args, { cwd: here });
    const [first, second, third] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(first).toEqual(["photos/b scene.png", "match", "0", "known.csv:1", "orig", "-", "the scene"]);
    expect(second!.slice(0, 5)).toEqual(["photos/deep/c.tiff", "match", "0", "known.csv:2", "orig"]);
    expect([third![0], third![3], third![4]]).toEqual([mirrored, "known.csv:3", "flipY"]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(3);
    expect(stderr).toBe("empreinte: 4 files, 0 failed, 1 skipped (no images)\n");
    expect(code).toBe(1);
  });

  it("0 and an empty standard output when nothing is found", async () => {
    expect(await empreinte(["scan", "--list", knownList, wavesPath])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  it("--json is an object a file, found or not", async () => {
    const { code, stdout } = await empreinte(["scan", "--json", "--list", knownList, scenePath, wavesPath]);
    expect(stdout.trimEnd().split("\n")).toEqual([
      JSON.stringify({
        path: scenePath,
        kind: "image",
        hash: scene.hash,
        quality: scene.quality,
        matches: [
          {
            verdict: "match",
            distance: 0,
            reference: `${knownList}:1`,
            orientation: "orig",
            list: knownList,
            line: 1,
            metadata: "the scene",
          },
        ],
      }),
      JSON.stringify({ path: wavesPath, kind: "image", hash: waves.hash, quality: waves.quality, matches: [] }),
    ]);
    expect(code).toBe(1);
  });

  it("--no-orientations does not find what is mirrored", async () => {
    const { code, stdout } = await empreinte(["scan", "--no-orientations", "--list", knownList, mirrored]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  it("--radius: within is found, beyond is not; 31 is the default", async () => {
    const near = list("near.txt", `${bits(scene.hash, 31)}\n${bits(scene.hash, 32)}\n${bits(scene.hash, 40)}\n`);
    expect(hashDistance(bits(scene.hash, 40), scene.hash)).toBe(40);
    const distances = async (...args: string[]): Promise<number[]> => {
      const { stdout } = await empreinte(["scan", "--json", "--no-orientations", "--list", near, ...args, scenePath]);
      const { matches } = JSON.parse(stdout) as { matches: { distance: number }[] };
      return matches.map(({ distance }) => distance);
    };
    expect(await distances()).toEqual([31]);
    expect(await distances("--radius", "32")).toEqual([31, 32]);
    expect(await distances("--radius", "256")).toEqual([31, 32, 40]);
    expect(await distances("--radius", "0")).toEqual([]);
  });

  it("several lists: each match names its own", async () => {
    const other = list("other.txt", `pdq ${waves.hash}\n`);
    const args = ["scan", "--list", knownList, "--list", other, scenePath, wavesPath];
    const { stdout } = await empreinte(args);
    const lists = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t")[3]);
    expect(lists).toEqual([`${knownList}:1`, `${other}:1`]);
  });

  it("images of low quality and unstable hashes are not matched, and JSON says so", async () => {
    const { default: sharp } = await import("sharp");
    const flat = join(here, "flat.png");
    await sharp({ create: { width: 100, height: 80, channels: 3, background: "#804020" } })
      .png()
      .toFile(flat);
    const { hash, quality, stable } = JSON.parse((await empreinte(["hash", "--json", flat])).stdout) as typeof scene & {
      stable: boolean;
    };
    expect({ quality, stable }).toEqual({ quality: 0, stable: false });
    const its = list("its.txt", hash);
    const args = ["scan", "--json", "--allow-trivial-hashes", "--list", its, flat];
    const low = await empreinte(args);
    expect(JSON.parse(low.stdout)).toMatchObject({ matches: [], skipped: "quality" });
    expect(low.code).toBe(0);
    const unstable = await empreinte([...args, "--min-quality", "0"]);
    expect(JSON.parse(unstable.stdout)).toMatchObject({ matches: [], skipped: "unstable" });
  });

  it("--min-quality 0 matches an image of low quality", async () => {
    const { default: sharp } = await import("sharp");
    const soft = join(here, "soft.png");
    await sharp(scenePath).blur(14).linear(0.1, 100).png().toFile(soft);
    const { hash, quality } = JSON.parse((await empreinte(["hash", "--json", soft])).stdout) as typeof scene;
    expect(quality).toBeLessThan(50);
    const its = list("soft.txt", hash);
    expect((await empreinte(["scan", "--list", its, soft])).code).toBe(0);
    expect((await empreinte(["scan", "--min-quality", "0", "--list", its, soft])).code).toBe(1);
    expect((await empreinte(["scan", "--min-quality", String(quality), "--list", its, soft])).code).toBe(1);
    expect((await empreinte(["scan", "--min-quality", String(quality + 1), "--list", its, soft])).code).toBe(0);
  });

  it("list lines that cannot be read are reported, and 2 is the status unless something is found", async () => {
    const bad = list("bad.csv", `${scene.hash},good\nnonsense\n${scene.hash.slice(1)}\n`);
    const { code, stdout, stderr } = await empreinte(["scan", "--list", bad, scenePath]);
    expect(stdout).toContain("\tgood\n");
    expect(stderr.split("\n").filter(Boolean)).toEqual([
      expect.stringMatching(/bad\.csv:2: /),
      expect.stringMatching(/bad\.csv:3: /),
    ]);
    expect(code).toBe(1);
    expect((await empreinte(["scan", "--quiet", "--list", bad, scenePath])).stderr).toBe("");
    const away = `${"f0".repeat(8)}${scene.hash.slice(16, 48)}${"0f".repeat(8)}`;
    const status = async (name: string, text: string): Promise<number | null> =>
      (await empreinte(["scan", "--quiet", "--list", list(name, text), scenePath])).code;
    expect(await status("away.csv", away)).toBe(0);
    expect(await status("away-bad.csv", `${away}\nnonsense\n`)).toBe(2);
    // These were read. No search could find them.
    expect(await status("away-others.txt", `pdq ${away}\nurl https://a.example/\n`)).toBe(0);
    expect(await status("away-trivial.txt", `${away}\n${"0".repeat(64)}\n`)).toBe(0);
  });

  it("at most 20 bad lines are shown, then how many more", async () => {
    const bad = list("very-bad.csv", `${scene.hash}\n${"zzz\n".repeat(50)}`);
    const { stderr } = await empreinte(["scan", "--list", bad, scenePath]);
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(21);
    expect(lines[20]).toMatch(/very-bad\.csv: 30 more/);
  });

  it("--allow-trivial-hashes", async () => {
    const zero = list("zero.txt", "0".repeat(64));
    const refused = await empreinte(["scan", "--list", zero, scenePath]);
    expect(refused.stderr).toMatch(/zero\.txt:1: .+\n.*no usable hash/);
    expect(refused.code).toBe(2);
    const args = ["scan", "--allow-trivial-hashes", "--radius", "256", "--list", zero, scenePath];
    expect((await empreinte(args)).code).toBe(1);
  });

  it("a list that cannot be read is 2, and the matches in the others are printed", async () => {
    const gone = join(here, "gone.csv");
    const both = await empreinte(["scan", "--list", gone, "--list", knownList, scenePath]);
    expect(both.stderr).toBe(`empreinte: The list ${gone} cannot be read: ENOENT, no such file or directory\n`);
    expect(both.stdout).toContain("\tthe scene\n");
    expect(both.code).toBe(2);
    expect(await empreinte(["scan", "--list", gone, scenePath])).toMatchObject({ code: 2, stdout: "" });
  });

  it("an unreadable file does not hide the matches in the others: they are printed, then 2", async () => {
    const { code, stdout, stderr } = await empreinte([
      "scan",
      "--list",
      knownList,
      join(here, "broken.png"),
      scenePath,
    ]);
    expect(stdout).toContain("\tthe scene\n");
    expect(stderr).toMatch(/broken\.png: /);
    expect(code).toBe(2);
  });

  it("reads standard input", async () => {
    const { code, stdout } = await empreinte(["scan", "--list", knownList, "-"], { input: readFileSync(scenePath) });
    expect(stdout).toMatch(/^-\tmatch\t0\t/);
    expect(code).toBe(1);
  });
});

describe("doctor", () => {
  it("says what there is, tests it, and ends with 0", async () => {
    const { code, stdout, stderr } = await empreinte(["doctor"]);
    for (const row of ["empreinte", "node", "processor", "kernel", "sharp", "formats", "ffmpeg"]) {
      expect(stdout).toMatch(new RegExp(`^${row} +\\S`, "m"));
    }
    expect(stdout).toMatch(/^test: known answers, kernel portable +ok$/m);
    expect(stdout).toMatch(/all is well\n$/);
    expect(stdout).not.toContain("\u001b");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("--json", async () => {
    const { stdout } = await empreinte(["doctor", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, faults: [], platform: `${process.platform}-${process.arch}` });
  });

  it("1 when something is wrong", async () => {
    const env = { ...process.env, EMPREINTE_KERNEL: "abacus" };
    const { code, stdout } = await empreinteProcess(["doctor"], { env });
    expect(stdout).toMatch(/^fault: .*EMPREINTE_KERNEL/m);
    expect(code).toBe(1);
  });
});
