import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import {
  copiesMethod,
  distancesMethod,
  evaluate,
  type EvaluateOptions,
  type EvaluationMethod,
  type EvaluationReport,
  plainMethod,
  registeredMethod,
  writeAttackedImages,
  writeEvaluation,
} from "../../../dist/doors/evaluate.js";
import { hashDistance, hashImage } from "../../../dist/index.js";
import { folder } from "../../support/cli.ts";
import { scene, writeScenes } from "../../support/evaluate.ts";
import { needsLongRun, rounds } from "../../support/long.ts";

/** One thread: starting each costs more than the few queries. */
const few: EvaluateOptions = {
  attacks: ["jpeg-50", "mirror", "border-white-5"],
  concurrency: 1,
  generated: 0,
  previews: 4,
};

/** Knows the answer by the query's name, and is wrong on purpose for some. */
function oracle(change: (query: string) => { right?: number | null; wrong?: number }): EvaluationMethod {
  let names: string[] = [];
  return {
    name: "oracle",
    bits: 256,
    radius: 31,
    reviewRadius: 50,
    prepare: (list) => void (names = list.map(({ name }) => name)),
    find({ name }) {
      const own = names.indexOf(name.slice(name.indexOf("/") + 1));
      const { right = 0, wrong } = change(name);
      const other = own === 0 ? 1 : 0;
      return {
        matches: [
          ...(right === null ? [] : [{ listIndex: own, distance: right }]),
          ...(wrong === undefined ? [] : [{ listIndex: other, distance: wrong }]),
        ],
      };
    },
  };
}

/** Figures without what a machine's speed decides. */
function timeless(report: EvaluationReport): unknown {
  return JSON.parse(JSON.stringify(report, (key, value: unknown) => (/milliseconds/i.test(key) ? undefined : value)));
}

let photos: string;
beforeAll(async () => {
  photos = folder();
  await writeScenes(photos, 4);
});

describe("evaluate", () => {
  it("counts what a method says: recall, intervals, wrong images", async () => {
    const method = oracle((query) => {
      if (query.startsWith("mirror/")) return { right: query.endsWith("0.png") ? null : 40 };
      if (query === "border-white-5/1.png") return { right: 12, wrong: 20 };
      if (query.startsWith("border")) return { right: 30 };
      return { right: 2 };
    });
    const { methods, images } = await evaluate(photos, { ...few, generated: rounds(0, 1), methods: [method] });
    const report = methods[0]!;
    const of = (name: string): (typeof report.attacks)[number] => report.attacks.find((one) => one.name === name)!;
    expect(images.originals).toBe(4);
    expect(of("jpeg-50")).toMatchObject({ n: 4, match: 1, found: 1, median: 2, p90: 2, falseMatches: 0 });
    expect(of("mirror")).toMatchObject({ match: 0, found: 0.75, median: 40, p90: null });
    expect(of("mirror").at).toEqual({ 24: 0, 31: 0, 40: 0.75, 50: 0.75 });
    expect(of("border-white-5")).toMatchObject({ match: 1, median: 30, falseMatches: 1 });
    expect(of("border-white-5").at["24"]).toBe(0.25);
    expect(report.recall.match).toBeCloseTo(2 / 3, 12);
    expect(report.recall.found).toBeCloseTo((1 + 0.75 + 1) / 3, 12);
    expect(report.falseMatches).toMatchObject({ falseQueries: 1, matches: 1, reviews: 0, nearest: 20 });
    const photoPairs = report.falseMatches.strata.find(
      ({ queries, listed }) => queries === "photographs" && listed === queries,
    )!;
    // 4 originals, as they are and with three attacks, each against the 3 others.
    expect(photoPairs).toMatchObject({ pairs: 4 * 4 * 3, matches: 1, nearest: 20 });
    expect(report.falseMatches.expected.perDay).toBeGreaterThan(0);
    expect(report.curve[20]!.falseRate).toBeCloseTo(1 / report.falseMatches.queries, 12);
    expect(report.curve[19]!.falseRate).toBe(0);
    expect(report.curve[19]!.upper).toBeCloseTo(3 / report.falseMatches.queries, 12);
    expect(report.distances[30]).toBe(3);
    expect(report.distances.reduce((sum, count) => sum + count, 0)).toBe(12);
  });

  it("plain's figures are those of hashImage and hashDistance on the images that it writes", async (ctx) => {
    needsLongRun(ctx);
    const out = folder();
    const count = await writeAttackedImages(photos, out, { attacks: few.attacks!, generated: 1 });
    const lines = readFileSync(join(out, "queries.csv"), "utf8").trim().split("\n").slice(1);
    expect(lines).toHaveLength(count);
    const rows = lines.map((line) => /^(.+?),"(.+?)","(.+)"$/.exec(line)!.slice(1) as [string, string, string]);
    const hashes = new Map<string, string>();
    for (const [file, query] of rows) hashes.set(query, (await hashImage(join(out, file))).hash);
    const measured = rows.flatMap(([, query]) =>
      rows
        .filter(([, name]) => name.startsWith("none/"))
        .map(
          ([, , image]) => `"${query}","${image}",${hashDistance(hashes.get(query)!, hashes.get(`none/${image}`)!)}\n`,
        ),
    );
    const csv = join(out, "distances.csv");
    writeFileSync(csv, `query,image,distance\n${measured.join("")}`);
    const elsewhere = await distancesMethod("elsewhere", csv, { bits: 256, radius: 31, reviewRadius: 50 });
    const { methods } = await evaluate(photos, { ...few, methods: [plainMethod(), elsewhere] });
    const [plain, other] = methods as [(typeof methods)[0], (typeof methods)[0]];
    expect(plain.attacks.map(({ name, median, match, found, p90 }) => ({ name, median, match, found, p90 }))).toEqual(
      other.attacks.map(({ name, median, match, found, p90 }) => ({ name, median, match, found, p90 })),
    );
    expect(plain.attacks.find(({ name }) => name === "jpeg-50")!.match).toBe(1);
    expect(plain.attacks.find(({ name }) => name === "mirror")!.match).toBe(0);
  });

  it("names each image that it cannot write, and writes the others", async () => {
    const [here, out] = [folder(), folder()];
    await writeScenes(here, 4);
    const problems: { name: string; reason: string }[] = [];
    const onProblem = (problem: { name: string; reason: string }): void => void problems.push(problem);
    // It was there when the list was made.
    const onProgress = (): void => rmSync(join(here, "3.png"), { force: true });
    const given = { attacks: few.attacks!, concurrency: 1, generated: 0, onProgress, onProblem };
    const count = await writeAttackedImages(here, out, given);
    const lines = readFileSync(join(out, "queries.csv"), "utf8").trim().split("\n").slice(1);
    expect(lines).toHaveLength(count);
    const written = lines.map((line) => /"(.+?)"/.exec(line)![1]!);
    const all = ["none", ...few.attacks!].flatMap((attack) => [0, 1, 2, 3].map((i) => `${attack}/${i}.png`));
    const named = problems.map(({ name }) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.every((name) => name.endsWith("/3.png"))).toBe(true);
    expect([...written, ...named].sort()).toEqual(all.sort());
    expect(problems[0]!.reason).toContain("ENOENT");
    await expect(writeAttackedImages(here, out, { onProblem: 1 as never })).rejects.toThrow("onProblem");
  });

  it("gives the same figures for the same seed, on one thread or several, and others for another seed", async (ctx) => {
    needsLongRun(ctx);
    const once = await evaluate(photos, { ...few, concurrency: 1, generated: 1, seed: 3 });
    const again = await evaluate(photos, { ...few, concurrency: 3, generated: 1, seed: 3 });
    expect(timeless(again)).toEqual(timeless(once));
    const other = await evaluate(photos, { ...few, seed: 4 });
    expect(timeless(other)).not.toEqual(timeless(once));
    expect(once.methods.map(({ name }) => name)).toEqual(["plain", "fast"]);
    const mirror = (i: number): number => once.methods[i]!.attacks.find(({ name }) => name === "mirror")!.match;
    expect([mirror(0), mirror(1)]).toEqual([0, 1]);
    expect(once.methods[1]!.views.find(({ name }) => name === "flipY")).toMatchObject({ found: 4, added: 4 });
  });

  it("goes on where it was ended, and measures nothing twice", async (ctx) => {
    needsLongRun(ctx);
    const state = folder();
    const stop = new AbortController();
    const counting = (requested: string[]): EvaluationMethod => {
      const method = oracle(() => ({ right: 4 }));
      return {
        ...method,
        find: (query) => {
          requested.push(query.name);
          return method.find(query);
        },
      };
    };
    const first: string[] = [];
    const onProgress: EvaluateOptions["onProgress"] = ({ step, done }) => {
      if (step === "queries" && done === 10) stop.abort(new Error("enough"));
    };
    const options = { ...few, folder: state, concurrency: 1 };
    await expect(
      evaluate(photos, { ...options, methods: [counting(first)], onProgress, signal: stop.signal }),
    ).rejects.toThrow("enough");
    expect(first.length).toBeGreaterThanOrEqual(10);
    expect(first.length).toBeLessThan(16);
    // As a process leaves it that is killed while it writes.
    const file = join(state, "state.jsonl");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, `${readFileSync(file, "utf8")}{"q":"none/0.png","m":"ora`);
    const second: string[] = [];
    const report = await evaluate(photos, { ...options, methods: [counting(second)] });
    expect(first.filter((name) => second.includes(name))).toEqual([]);
    expect(first.length + second.length).toBe(report.methods[0]!.falseMatches.queries);
    const whole = await evaluate(photos, { ...few, methods: [oracle(() => ({ right: 4 }))] });
    expect(timeless(report)).toEqual(timeless(whole));
    const third: string[] = [];
    await evaluate(photos, { ...options, methods: [counting(third)] });
    expect(third).toEqual([]);
    await expect(evaluate(photos, { ...options, seed: 2 })).rejects.toThrow(/state of an evaluation of other images/);
    await evaluate(photos, { ...options, seed: 2, restart: true, attacks: ["jpeg-50"] });
  });

  it("finds doubles first, names what it cannot read, and passes over what is no image", async () => {
    const odd = folder();
    await writeScenes(odd, 2);
    writeFileSync(join(odd, "again.png"), readFileSync(join(odd, "0.png")));
    writeFileSync(join(odd, "resaved.jpg"), await sharp(join(odd, "0.png")).jpeg({ quality: 80 }).toBuffer());
    writeFileSync(join(odd, "cut.png"), readFileSync(join(odd, "1.png")).subarray(0, 3000));
    writeFileSync(
      join(odd, "flat.png"),
      await sharp({ create: { width: 99, height: 99, channels: 3, background: "red" } })
        .png()
        .toBuffer(),
    );
    writeFileSync(join(odd, "notes.txt"), "no image");
    const { images, methods } = await evaluate(odd, few);
    expect(images.duplicates).toEqual([{ name: "again.png", of: "0.png" }]);
    expect(images.same).toMatchObject([{ name: "resaved.jpg", of: "0.png" }]);
    expect(images.unreadable.map(({ name }) => name)).toEqual(["cut.png"]);
    expect(images.lowQuality.map(({ name }) => name)).toEqual(["flat.png"]);
    expect(images).toMatchObject({ skipped: 1, originals: 3 });
    // The resaved one is found as the image that it is, and is no false match.
    expect(methods[0]!.falseMatches.matches).toBe(0);
    expect(methods[0]!.attacks[0]).toMatchObject({ n: 3, match: 1 });
  });

  it("works with one image, and with nothing but the same one", async (ctx) => {
    needsLongRun(ctx);
    const one = folder();
    await writeScenes(one, 1);
    const report = await evaluate(one, few);
    expect(report.methods[0]!.falseMatches).toMatchObject({ pairs: 0, matches: 0, nearest: null });
    await writeEvaluation(report, join(one, "out"));
    writeFileSync(join(one, "same.png"), readFileSync(join(one, "0.png")));
    expect((await evaluate(one, few)).images.originals).toBe(1);
  });

  it("says what is wrong with a folder", async () => {
    const empty = folder();
    await expect(evaluate(empty, few)).rejects.toMatchObject({ code: "ERR_EMPREINTE_EMPTY" });
    await expect(evaluate(join(empty, "none"), few)).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
    writeFileSync(join(empty, "file"), "");
    const inFile = { ...few, folder: join(empty, "file", "out") };
    await expect(evaluate(photos, inFile)).rejects.toMatchObject({ code: "ERR_EMPREINTE_WRITE" });
    const report = await evaluate(photos, { ...few, attacks: ["jpeg-50"], generated: 0 });
    await expect(writeEvaluation(report, join(empty, "file"))).rejects.toMatchObject({ code: "ERR_EMPREINTE_WRITE" });
    rmSync(join(empty, "file"));
  });

  it("refuses options that do not fit", async () => {
    for (const options of [
      { attacks: ["no-such"] },
      { methods: [] },
      { methods: [oracle(() => ({})), oracle(() => ({}))] },
      { seed: -1 },
      { generated: 1.5 },
      { folders: "x" },
    ] as EvaluateOptions[]) {
      await expect(evaluate(photos, options)).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    }
    const broken: EvaluationMethod = {
      ...oracle(() => ({})),
      find: () => ({ matches: [{ listIndex: 999, distance: 0 }] }),
    };
    await expect(evaluate(photos, { ...few, methods: [broken] })).rejects.toThrow("Expected integer between 0 and");
  });

  it("finds what an image elsewhere is made of: unrelated images never count as copies", async (ctx) => {
    needsLongRun(ctx);
    const others = folder();
    await writeScenes(others, 3, 50);
    const { images, methods } = await evaluate(photos, {
      ...few,
      generated: 1,
      unrelated: others,
      unrelatedAttacks: 2,
    });
    expect(images.unrelated).toBe(3);
    expect(methods[0]!.attacks.every(({ n }) => n === 4)).toBe(true);
    const generated = Object.values(images.generated).reduce((sum, count) => sum + count, 0);
    // 4 originals with 3 attacks; 3 unrelated and the generated ones with up to 2.
    const { queries } = methods[0]!.falseMatches;
    expect(queries).toBeGreaterThan(4 * 4 + 2 * (3 + generated) - 1);
    expect(queries).toBeLessThanOrEqual(4 * 4 + 3 * (3 + generated));
    expect(await hashImage(await scene(50))).toMatchObject({ stable: true });
  });
});

describe("findCopies, measured", () => {
  it("finds mirrored copies by pixels, and crops where they were registered", async () => {
    const methods = [plainMethod(), copiesMethod("standard"), registeredMethod()];
    const report = await evaluate(photos, { attacks: ["mirror", "crop-each-10"], generated: 0, methods, previews: 0 });
    const match = (method: string, attack: string): number =>
      report.methods.find(({ name }) => name === method)!.attacks.find(({ name }) => name === attack)!.match;
    expect([match("plain", "mirror"), match("standard", "mirror"), match("registered", "mirror")]).toEqual([0, 1, 1]);
    expect(match("plain", "crop-each-10")).toBe(0);
    expect(match("registered", "crop-each-10")).toBeGreaterThan(match("standard", "crop-each-10"));
    const [, standard] = report.methods;
    expect(standard!.views).toContainEqual(expect.objectContaining({ name: "turned", found: 4, added: 4 }));
    expect(standard!.stages.map(({ name }) => name)).toContain("turned");
    expect(standard!.cost.hashes).toBeGreaterThan(1);
  });
});

describe("the report", () => {
  it("is one page without script, network or images, and tables that say the same", async () => {
    const out = folder();
    const method = oracle((query) => (query === "mirror/2.png" ? { right: null, wrong: 10 } : { right: 6 }));
    const report = await evaluate(photos, { ...few, methods: [{ ...method, name: '<b>"mine"' }] });
    await writeEvaluation(report, out);
    const html = readFileSync(join(out, "report.html"), "utf8");
    expect(html).not.toMatch(/<script|<link|https?:|url\(|@import|<b>/);
    expect(html.match(/src="/g)!.length).toBe(html.match(/src="data:image\/png;base64,/g)!.length);
    expect(html).toContain("default-src 'none'");
    expect(html.match(/<svg /g)!.length).toBe(4);
    for (const tag of ["table", "tr", "td", "svg", "figure", "div"]) {
      expect(html.match(new RegExp(`<${tag}[ >]`, "g"))?.length, tag).toBe(
        html.match(new RegExp(`</${tag}>`, "g"))?.length,
      );
    }
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    // What is shown of images is as small as a blurhash.
    for (const [, base64] of html.matchAll(/base64,([^"]+)"/g)) {
      const { width, height } = await sharp(Buffer.from(base64!, "base64")).metadata();
      expect([width, height]).toEqual([24, 18]);
    }
    expect(report.examples[0]).toMatchObject({ kind: "false match", query: "mirror/2.png", distance: 10 });
    expect(report.examples.find(({ kind }) => kind === "miss")).toMatchObject({
      query: "mirror/2.png",
      image: "2.png",
    });
    for (const { blurhashes } of report.examples) for (const hash of blurhashes) expect(hash).toMatch(/^.{28}$/);
    const csv = readFileSync(join(out, "report.csv"), "utf8").trim().split("\n");
    expect(csv).toHaveLength(1 + report.attacks.length);
    expect(csv[0]).toContain("within_24,within_31,within_40,within_50");
    const row = csv.find((line) => line.includes(",mirror,"))!;
    expect(row.startsWith('"<b>""mine""",mirror,rotation,4,0.7500,')).toBe(true);
    expect(JSON.parse(readFileSync(join(out, "report.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(report)));
    for (const name of ["html", "csv", "json"]) expect(statSync(join(out, `report.${name}`)).mode & 0o777).toBe(0o600);
  });
});
