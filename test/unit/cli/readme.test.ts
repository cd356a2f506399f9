/** The README keeps its word: its code is the example that runs, its tables are the package's. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as api from "../../../dist/index.js";
import { folder, known, picture } from "../../support/cli.ts";
import { root, run } from "../../support/run.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");

describe("README", () => {
  it("the first match is examples/first-match.mjs, and it finds a mirrored, smaller, recompressed copy", async () => {
    const example = readFileSync(join(root, "examples/first-match.mjs"), "utf8");
    expect(readme).toContain(`\`\`\`js\n${example}\`\`\``);
    const here = folder();
    const original = await picture("scenergb-640x480", join(here, "original.png"));
    const copy = await picture("scenergb-640x480", join(here, "copy.png"), (image) => image.flop().resize(500));
    const other = await picture("wavesrgb-640x480", join(here, "other.png"));
    const example1 = await run(process.execPath, ["examples/first-match.mjs", original, copy]);
    expect(example1.stdout).toMatch(/^\d+ bits from mine:1, case 17, as flipY\n$/);
    expect(await run(process.execPath, ["examples/first-match.mjs", original, other])).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  it("the example of the index is examples/index.mjs, and it finds a mirrored copy", async () => {
    const example = readFileSync(join(root, "examples/index.mjs"), "utf8");
    expect(readme).toContain(`\`\`\`js\n${example}\`\`\``);
    const here = folder();
    const copy = await picture("scenergb-640x480", join(here, "copy.png"), (image) => image.flop().resize(500));
    const list = join(here, "known.csv");
    writeFileSync(list, `${known("scenergb-640x480").hash},case 17\n`);
    // Its index lies in the working folder.
    const { code, stdout } = await run(process.execPath, [join(root, "examples/index.mjs"), list, copy], { cwd: here });
    expect(stdout).toMatch(/^1 entries\n\d+ bits from .*known\.csv:1, case 17, as flipY\n$/);
    expect(code).toBe(0);
  });

  it("the demo finds every altered copy and nothing else", async () => {
    const { code, stdout } = await run(process.execPath, ["examples/demo.mjs"]);
    expect(stdout).toMatch(/As expected: 21 of 21 copies found, 0 wrong matches/);
    expect(code).toBe(0);
  });

  it("names every function and class of the package, and nothing that is not there", () => {
    const library = readme.slice(readme.indexOf("## The library"), readme.indexOf("## Limits"));
    for (const [name, value] of Object.entries(api)) {
      if (typeof value === "function") expect(library, name).toContain(name);
    }
    for (const [, name] of library.matchAll(/^\| `([a-zA-Z]+)/gm)) expect(Object.keys(api)).toContain(name);
  });

  it("has the limits and kernels of the package", async () => {
    for (const [name, value] of Object.entries(api.defaultLimits)) {
      expect(readme).toContain(`| \`${name}\` | ${value.toLocaleString("en")} |`);
    }
    for (const { name, instructions } of (await api.diagnose()).kernels) {
      expect(readme).toContain(`| \`${name}\` |`);
      if (name.startsWith("avx")) expect(readme).toContain(`| \`${name}\` | ${instructions} |`);
    }
  });
});
