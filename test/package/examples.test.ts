/** The documents keep their word: their code runs as it is printed, and their tables are the package's. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import * as bankDoor from "../../dist/doors/bank.js";
import * as evaluateDoor from "../../dist/doors/evaluate.js";
import * as listsDoor from "../../dist/doors/lists.js";
import * as localDoor from "../../dist/doors/local.js";
import * as videoDoor from "../../dist/doors/video.js";
import * as mainDoor from "../../dist/index.js";
import { fixtures as lists } from "../../fixtures/lists/make.ts";
import { folder, known, makeImage } from "../support/cli.ts";
import { writeImages, writeVideos } from "../support/project/document-fixtures.mjs";
import { readDocument } from "../support/project/documents.ts";
import { faultOf, installInto, stepsOf } from "../support/project/examples.ts";
import { root, run } from "../support/run.ts";
import { ffmpeg, makeClip, moving, noFfmpeg, x264 } from "../support/video/video.ts";

const pages = ["README.md", ...readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"))].map((name) =>
  name === "README.md" ? name : `docs/${name}`,
);

describe("the code of a document", () => {
  const fixtures = folder();
  let decoder: string | undefined;
  beforeAll(async () => {
    await writeImages(fixtures);
    writeFileSync(join(fixtures, "page.xml"), lists["ncmec"]!.good);
    writeFileSync(join(fixtures, "vics.json"), lists["vics-2.0"]!.good);
    writeFileSync(join(fixtures, "members.csv"), lists["csv"]!.good);
    decoder = (await videoDoor.findFfmpeg())?.path;
    if (decoder !== undefined) await writeVideos(fixtures, decoder);
  });

  it.skipIf(process.platform === "win32").for([...new Set(pages)])(
    "of %s runs, and prints what the page says",
    { timeout: 5 * 60_000 },
    async (page, ctx) => {
      const { markdown, text } = readDocument(page);
      if (/\.mp4\b/.test(text) && decoder === undefined) ctx.skip(noFfmpeg);
      const here = folder();
      await cp(fixtures, here, { recursive: true });
      const env = installInto(here);
      const faults: string[] = [];
      for (const step of stepsOf(markdown.code)) {
        const fault = await faultOf(step, here, env);
        if (fault !== undefined) faults.push(fault);
      }
      expect(faults.join("\n\n")).toBe("");
    },
  );

  it.each(readdirSync(join(root, "examples")).filter((name) => name.endsWith(".mjs")))(
    "examples/%s is what the page prints that names it",
    (name) => {
      const printed = [...new Set(pages)]
        .flatMap((page) => readDocument(page).markdown.code)
        .filter(({ text }) => text.startsWith(`// node examples/${name} `));
      const example = readFileSync(join(root, "examples", name), "utf8");
      // The first line has the page's own arguments.
      const rest = (text: string): string => text.slice(text.indexOf("\n"));
      for (const { text } of printed) expect(rest(text)).toBe(rest(example));
      if (/^(first-match|index|video|video-index)\.mjs$/.test(name)) expect(printed).toHaveLength(1);
    },
  );
});

describe("the examples", () => {
  it("the first match finds a mirrored, smaller, recompressed copy and nothing else", async () => {
    const here = folder();
    const original = await makeImage("scenergb-640x480", join(here, "original.png"));
    const copy = await makeImage("scenergb-640x480", join(here, "copy.png"), (image) => image.flop().resize(500));
    const other = await makeImage("wavesrgb-640x480", join(here, "other.png"));
    const found = await run(process.execPath, ["examples/first-match.mjs", original, copy]);
    expect(found.stdout).toMatch(/^\d+ bits from mine:1, case 17, as flipY\n$/);
    expect(await run(process.execPath, ["examples/first-match.mjs", original, other])).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  it("the index finds a mirrored copy", async () => {
    const here = folder();
    const copy = await makeImage("scenergb-640x480", join(here, "copy.png"), (image) => image.flop().resize(500));
    const list = join(here, "known.csv");
    writeFileSync(list, `${known("scenergb-640x480").hash},case 17\n`);
    // It writes its index into the working folder.
    const { code, stdout } = await run(process.execPath, [join(root, "examples/index.mjs"), list, copy], { cwd: here });
    expect(stdout).toMatch(/^1 entries\n\d+ bits from line 1, case 17, as flipY\n$/);
    expect(code).toBe(0);
  });

  it("the video example prints a frame a second in vPDQ's form", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const clip = await makeClip(join(folder(), "clip.mp4"), moving, ...x264);
    const { stdout } = await run(process.execPath, ["examples/video.mjs", clip]);
    expect(stdout).toMatch(/^0,\d+,[0-9a-f]{64},0\.000\n25,\d+,[0-9a-f]{64},1\.000\n50,.*\n75,.*,3\.000\n$/);
  });

  it("the demo finds every copy, the clip in the film, and nothing else, with no ffmpeg on PATH", async () => {
    const { code, stdout } = await run(process.execPath, ["examples/demo.mjs"], { env: { ...process.env, PATH: "" } });
    expect(stdout).toMatch(/As expected: 21 of 21 copies found, 0 wrong matches/);
    expect(stdout.match(/^As expected: /gm)).toHaveLength(4);
    expect(code).toBe(0);
  });
});

describe("the image of a terminal", () => {
  it("is what the commands print today", { timeout: 5 * 60_000 }, async (ctx) => {
    if ((await videoDoor.findFfmpeg()) === undefined) return ctx.skip(noFfmpeg);
    expect(await run(process.execPath, ["docs/assets/scan.mjs", "--check"])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("the documents", () => {
  const all = [...new Set(pages)].map((page) => readDocument(page).text).join("\n");

  it("name every function and class of the six doors", () => {
    const doors = { ...mainDoor, ...videoDoor, ...listsDoor, ...bankDoor, ...localDoor, ...evaluateDoor };
    const missing = Object.entries(doors)
      .filter(([name, value]) => typeof value === "function" && !new RegExp(`\\b${name}\\b`).test(all))
      .map(([name]) => name);
    expect(missing).toEqual([]);
  });

  it("name nothing in the first column of a table of functions that no door has", () => {
    const doors: Record<string, unknown> = {
      ...mainDoor,
      ...videoDoor,
      ...listsDoor,
      ...bankDoor,
      ...localDoor,
      ...evaluateDoor,
    };
    // These pages are about other packages.
    const others = /^docs\/(browser|cluster|exchange|hma|server|watch)\.md$/;
    const own = [...new Set(pages)].filter((page) => !others.test(page)).map((page) => readDocument(page).text);
    const named = [...own.join("\n").matchAll(/^\| ((?:`\w+\([^`]*\)`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`(\w+)\(/g)].map(([, name]) => name!),
    );
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !(name in doors))).toEqual([]);
  });

  it("have the limits and kernels of the package", async () => {
    const limits = (page: string, defaults: object): void => {
      const { text } = readDocument(page);
      for (const [name, value] of Object.entries(defaults) as [string, number][]) {
        expect(text).toContain(`| \`${name}\` | ${value.toLocaleString("en")} |`);
      }
    };
    limits("docs/images.md", mainDoor.defaultLimits);
    limits("docs/videos.md", videoDoor.defaultVideoLimits);
    const { text } = readDocument("docs/exactness.md");
    for (const { name, instructions } of (await mainDoor.diagnose()).kernels) {
      expect(text).toContain(`| \`${name}\` |`);
      if (name.startsWith("avx")) expect(text).toContain(`| \`${name}\` | ${instructions} |`);
    }
  });

  it("have every list format", () => {
    const { text } = readDocument("docs/lists.md");
    for (const format of Object.keys(lists)) expect(text).toContain(`\`${format}\``);
  });
});
