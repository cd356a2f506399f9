/** The index commands as a user has them: what they print, what they write, each exit status. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HashIndex } from "../../../dist/index.js";
import { empreinte, empreinteProcess, folder, known, makeImage } from "../../support/cli.ts";
import { hexHashes } from "../../support/lists.ts";
import { needsLongRun } from "../../support/long.ts";

const here = folder();
const scene = known("scenergb-128x128");
const waves = known("wavesrgb-128x128");
const large = known("scenergb-640x480");
await makeImage(scene.id, join(here, "photos/scene.png"));
await makeImage(waves.id, join(here, "photos/waves.webp"));
await makeImage(large.id, join(here, "photos/mirrored.png"), (image) => image.flop());
await makeImage(large.id, join(here, "photos/turned.tiff"), (image) => image.rotate(90));

const file = (name: string, text: string): string => {
  writeFileSync(join(here, name), text);
  return name;
};
process.chdir(here);
const at = (args: string[]) => empreinte(args);
const other = hexHashes(60_000, 61);
const first = file("first.csv", [...other, `${large.hash},"large; été"`, "nonsense", `${scene.hash},a`].join("\n"));
const second = file("second.txt", [`pdq ${waves.hash}`, `pdq ${scene.hash}`, "pdq zz"].join("\n"));

describe("index build and scan --index", () => {
  it.each(["full", "lean", "rows"])("--memory %s: exactly what scan --list gives, in text and JSON", async (memory) => {
    const built = await at(["index", "build", first, second, "-o", `${memory}.idx`, "--memory", memory]);
    expect(built).toMatchObject({ code: 2, stdout: "" });
    expect(built.stderr.split("\n")).toEqual([
      expect.stringMatching(/^empreinte: first\.csv:60002: /),
      expect.stringMatching(/^empreinte: second\.txt:3: /),
      expect.stringMatching(/^empreinte: .*\.idx: 60,004 entries of 2 lists in [\d.]+ s$/),
      "",
    ]);
    const info = JSON.parse((await at(["index", "info", `${memory}.idx`, "--json"])).stdout) as { indexed: number };
    expect(info.indexed > 0).toBe(memory !== "rows"); // the tables are there, and used
    for (const args of [[], ["--json"], ["--radius", "100"], ["--no-orientations", "--json"]]) {
      // One --list after the other, but for equal distances, which a pair keeps in the order of its lists too.
      const byList = await at(["scan", "--list", first, "--list", second, "--quiet", ...args, "photos"]);
      const byIndex = await at(["scan", "--index", `${memory}.idx`, "--quiet", ...args, "photos"]);
      expect(byIndex).toEqual(byList);
      expect(byIndex.code).toBe(1);
      expect(byIndex.stdout).toContain("second.txt");
    }
  });

  it("a match names the list, line, orientation and metadata", async () => {
    const { stdout } = await at(["scan", "--index", "full.idx", "photos"]);
    const lines = stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\t"));
    expect(lines.map(([path, , , line, orientation, , metadata]) => [path, line, orientation, metadata])).toEqual([
      ["photos/mirrored.png", "first.csv:60001", "flipY", "large; été"],
      ["photos/scene.png", "first.csv:60003", "orig", "a"],
      ["photos/scene.png", "second.txt:2", "orig", "-"],
      ["photos/turned.tiff", "first.csv:60001", expect.stringMatching(/^rot/), "large; été"],
      ["photos/waves.webp", "second.txt:1", "orig", "-"],
    ]);
  });

  it("beside --list, and several", async () => {
    expect(await at(["index", "build", second, "-o", "second.idx"])).toMatchObject({ code: 2 });
    const lists = await at(["scan", "--list", first, "--list", second, "--quiet", "photos"]);
    const args = ["scan", "--list", first, "--index", "second.idx", "--quiet", "photos"];
    expect(await at(args)).toEqual(lists);
    const twice = await at(["scan", "--index", "second.idx", "--index", "second.idx", "photos/waves.webp"]);
    expect(twice.stdout).toBe("photos/waves.webp\tmatch\t0\tsecond.txt:1\torig\t-\t-\n".repeat(2));
  });

  it("0 and nothing printed when nothing is found", async () => {
    file("others.txt", other.join("\n"));
    await at(["index", "build", "others.txt", "-o", "others.idx"]);
    expect(await at(["scan", "--index", "others.idx", "photos"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it("the tag of an entry is the position of its list, for the library", async () => {
    using index = await HashIndex.open(join(here, "full.idx"));
    const ids = (tags: number[]): number[] => index.searchSync(scene.hash, { radius: 0, tags }).map(({ id }) => id);
    expect([ids([0]), ids([1]), ids([0, 1]), ids([2])]).toEqual([[60_001], [60_003], [60_001, 60_003], []]);
  });

  it("--quiet, and --allow-trivial-hashes", async () => {
    file("zero.txt", `${"0".repeat(64)}\n${scene.hash}\n`);
    const refused = await at(["index", "build", "zero.txt", "-o", "zero.idx", "--quiet"]);
    expect(refused).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(JSON.parse((await at(["index", "info", "zero.idx", "--json"])).stdout)).toMatchObject({ rows: 1 });
    await at(["index", "build", "zero.txt", "-o", "zero.idx", "--allow-trivial-hashes"]);
    expect(JSON.parse((await at(["index", "info", "zero.idx", "--json"])).stdout)).toMatchObject({ rows: 2 });
  });

  it("a list without a usable hash is 2, with the rest built; an empty index is nothing to scan with", async () => {
    const none = file("none.txt", "zz\n");
    const both = await at(["index", "build", none, second, "-o", "both.idx"]);
    expect(both.stderr).toMatch(/none\.txt: The list has no usable hash/);
    expect(both.code).toBe(2);
    expect((await at(["scan", "--index", "both.idx", "photos/waves.webp"])).stdout).toContain("second.txt:1");
    const some = await at(["index", "build", file("some.txt", `${other[0]}\nzz\n`), "-o", "some.idx"]);
    expect(some.stderr).toMatch(/some\.txt:2: /);
    expect(some.code).toBe(2);
    await at(["index", "build", none, "-o", "none.idx"]);
    const scan = await at(["scan", "--index", "none.idx", "photos"]);
    expect(scan).toMatchObject({ code: 2, stdout: "" });
    expect(scan.stderr).toMatch(/none\.idx: The index is empty/);
  });

  it("a list that is not there: 2, no new file, the old pair as it was, nothing left beside it", async () => {
    await at(["index", "build", second, "-o", "kept.idx"]);
    const both = (): Buffer =>
      Buffer.concat(["kept.idx", "kept.idx.entries"].map((name) => readFileSync(join(here, name))));
    const before = both();
    const { code, stderr } = await at(["index", "build", first, "gone.csv", "-o", "kept.idx"]);
    expect(stderr).toContain("gone.csv");
    expect(code).toBe(2);
    expect(both().equals(before)).toBe(true);
    expect(readdirSync(here).filter((name) => name.includes(".tmp") || name.includes(".next"))).toEqual([]);
    const nowhere = await at(["index", "build", second, "-o", "no/such/folder.idx"]);
    expect(nowhere).toMatchObject({ code: 2, stdout: "" });
    expect(nowhere.stderr).toMatch(/no\/such\/folder\.idx cannot be written: .*ENOENT/);
  });
});

describe("index info", () => {
  it("as lines", async () => {
    const { code, stdout } = await at(["index", "info", "full.idx"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^entries +60,004$/m);
    expect(stdout).toMatch(/^tag 0 +first\.csv: 60,002 entries, plain, 1 line refused$/m);
    expect(stdout).toMatch(/^tag 1 +second\.txt: 2 entries, signals, 1 line refused$/m);
  });

  it("as JSON", async () => {
    const { code, stdout } = await at(["index", "info", "lean.idx", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      path: "lean.idx",
      rows: 60_004,
      shards: expect.any(Number),
      indexed: expect.any(Number),
      revision: expect.any(Number),
      fileBytes: statSync(join(here, "lean.idx")).size,
      entriesBytes: statSync(join(here, "lean.idx.entries")).size,
      lists: [
        { name: "first.csv", form: "plain", entries: 60_002, problems: 1 },
        { name: "second.txt", form: "signals", entries: 2, problems: 1 },
      ],
    });
  });

  it("an index that the library saved by itself has no entries: said, and no trouble", async () => {
    using index = new HashIndex();
    index.add(7, scene.hash);
    await index.save(join(here, "alone.idx"));
    expect(existsSync(join(here, "alone.idx.entries"))).toBe(false);
    const { code, stdout } = await at(["index", "info", "alone.idx"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^entries +1$/m);
    expect(stdout).toMatch(/no \.entries file/);
    expect(JSON.parse((await at(["index", "info", "alone.idx", "--json"])).stdout)).not.toHaveProperty("lists");
  });
});

describe("index verify", () => {
  it("says that all is well", async () => {
    const fine = { code: 0, stdout: "full.idx: sound, 60,004 entries\n", stderr: "" };
    expect(await at(["index", "verify", "full.idx"])).toMatchObject(fine);
  });
});

describe("index bench", () => {
  it("every strategy, radius and batch, as JSON and as a table; all strategies agree", async () => {
    const json = await at(["index", "bench", "full.idx", "--json", "--seconds", "0.1"]);
    expect(json).toMatchObject({ code: 0, stderr: "" });
    const { results, ...about } = JSON.parse(json.stdout) as {
      results: { radius: number; queries: number; strategy: string; microseconds: number; runs: number }[];
    };
    expect(about).toMatchObject({ path: "full.idx", rows: 60_004, agree: true, kernel: expect.any(String) });
    const combinations = results.map(({ radius, queries, strategy }) => `${radius} ${queries} ${strategy}`);
    expect(new Set(combinations).size).toBe(3 * 3 * 5);
    expect(results.every(({ microseconds, runs }) => microseconds > 0 && runs >= 1)).toBe(true);
    const text = await at(["index", "bench", "full.idx", "--seconds", "0.1"]);
    expect(text.stdout).toMatch(/^60,004 entries, [\d,]+ bytes, [\d.]+ a hash; kernel \S+; one thread$/m);
    expect(text.stdout).toMatch(/^ *31 +32( +[\d.,]+){6}$/m);
    expect(text.stdout).toMatch(/All strategies gave the same answers/);
    expect(text.code).toBe(0);
  });

  it("--crossovers prints what EMPREINTE_CROSSOVERS takes, and the answers stay the same", async (ctx) => {
    needsLongRun(ctx);
    const radii = [15, 23, 31, 39, 47, 55, 63, 71, 79];
    const json = await at(["index", "bench", "full.idx", "--crossovers", "--json", "--seconds", "0.1"]);
    expect(json).toMatchObject({ code: 0, stderr: "" });
    const { crossovers, environment, ...about } = JSON.parse(json.stdout) as {
      crossovers: Record<"radius" | "single" | "batch", number | null>[];
      environment: string;
    };
    expect(about).toEqual({ path: "full.idx", rows: 60_004, bytes: expect.any(Number), kernel: expect.any(String) });
    const shown = (rows: number | null): string => (rows === null ? "never" : String(rows));
    const list = crossovers.map(({ radius, single, batch }) => `${radius}:${shown(single)}/${shown(batch)}`);
    expect(environment).toBe(`EMPREINTE_CROSSOVERS=${list.join(",")}`);
    expect(crossovers.map(({ radius }) => radius)).toEqual(radii);
    const text = await at(["index", "bench", "full.idx", "--crossovers", "--seconds", "0.1"]);
    expect(text.code).toBe(0);
    const lines = text.stdout.trim().split("\n");
    expect(lines[1]).toMatch(/^radius +one +batch$/);
    const cell = String.raw`(\d{1,2},\d{3}|never)`;
    expect(lines.slice(2, -1).map((line) => Number.parseInt(line))).toEqual(radii);
    for (const line of lines.slice(2, -1)) expect(line).toMatch(new RegExp(String.raw`^ +\d\d +${cell} +${cell}$`));
    expect(lines.at(-1)).toMatch(/^EMPREINTE_CROSSOVERS=15:[^ ]+$/);
    const scan = ["scan", "--index", "full.idx", "--json", "photos"];
    const usual = await at(scan);
    // Whatever was measured, and where every search is a scan.
    const env = { ...process.env, EMPREINTE_CROSSOVERS: `${list[0]},256:never/never` };
    expect(await empreinteProcess(scan, { cwd: here, env })).toEqual(usual);
  });

  it("a wrong EMPREINTE_CROSSOVERS is refused by name", async () => {
    const env = { ...process.env, EMPREINTE_CROSSOVERS: "31:1" };
    const { code, stdout, stderr } = await empreinteProcess(["index", "info", "full.idx"], { cwd: here, env });
    expect(stderr).toMatch(/RADIUS:ROWS\/ROWS.* for EMPREINTE_CROSSOVERS but received "31:1"/);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
  });

  it("--crossovers refuses an index that is too small to say anything", async () => {
    await at(["index", "build", second, "-o", "small.idx"]);
    const { code, stderr } = await at(["index", "bench", "small.idx", "--crossovers"]);
    expect(stderr).toMatch(/small\.idx|32,768 entries or more/);
    expect(code).toBe(64);
  });
});

describe("help and usage", () => {
  it.each([[["index"]], [["index", "build"]], [["index", "info"]], [["index", "verify"]], [["index", "bench"]]])(
    "%j --help",
    async (args) => {
      const { code, stdout, stderr } = await empreinte([...args, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout.startsWith(`empreinte ${args.join(" ")}`)).toBe(true);
      expect(stdout).toMatch(args.length > 1 ? /^Example:\n {2}empreinte index /m : /^Commands:\n {2}index build /m);
      expect(stdout.split("\n").every((line) => line.length <= 120)).toBe(true);
    },
  );

  it("more lists than there are tags", async () => {
    const { code, stderr } = await at(["index", "build", ...Array<string>(257).fill("x"), "-o", "y"]);
    expect(stderr).toMatch(/at most 256 lists but received 257/);
    expect(code).toBe(64);
  });

  it.each<[string[], RegExp]>([
    [["index"], /build, info, verify or bench/],
    [["index", "frobnicate"], /no command "index frobnicate"/],
    [["index", "build", "-o", "x"], /No LIST/],
    [["index", "build", "x"], /No --output FILE/],
    [["index", "build", "x", "-o", ""], /Expected FILE for --output/],
    [["index", "build", "x", "-o", "y", "--memory", "most"], /full, lean or rows for --memory/],
    [["index", "info"], /No FILE/],
    [["index", "info", "x", "y"], /Unexpected argument "y"/],
    [["index", "verify"], /No FILE/],
    [["index", "verify", "x", "--json"], /--json/],
    [["index", "bench"], /No FILE/],
    [["index", "bench", "x", "--seconds", "0"], /--seconds/],
    [["scan", "x"], /No --list, --index/],
  ])("%j is 64", async (args, sentence) => {
    const { code, stdout, stderr } = await at(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(sentence);
    expect(existsSync(join(here, "y"))).toBe(false);
  });
});
