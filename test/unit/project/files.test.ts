/** Files that somebody names are opened by `src/files` alone, which refuses what is no file. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../support/run.ts";

/** What reads other files: those of the package itself, copies that the program has just made, and open descriptors. */
const others = [
  "packages/browser/src",
  "packages/cluster/src/curator/snapshot.ts",
  "packages/server/src/operation/backup.ts",
  "packages/server/src/review/page/plugin.ts",
  "src/cli/external.ts",
  "src/cli/io/files/pipes.ts",
  "src/files/",
  "src/image/wasm/magick.ts",
  "src/native/fallback/core.ts",
  "src/native/load.ts",
  "src/packages.ts",
];

const reads = (text: string): boolean =>
  [...text.matchAll(/import \{([^}]*)\} from "node:fs(?:\/promises)?"/g)].some(([, names]) =>
    /\b(readFile|readFileSync|createReadStream)\b/.test(names!),
  );

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name}`)
    .filter((path) => path.endsWith(".ts"));
}

test("no other module reads a file by its name", () => {
  const packages = readdirSync(join(root, "packages"), { withFileTypes: true }).filter((one) => one.isDirectory());
  const all = ["src", ...packages.map(({ name }) => `packages/${name}/src`)].flatMap(sources);
  expect(all.length).toBeGreaterThan(300);
  const found = all.filter((path) => reads(readFileSync(join(root, path), "utf8")));
  expect(found.filter((path) => !others.some((other) => path.startsWith(other)))).toEqual([]);
});

test("the rule finds each of them", () => {
  expect(reads('import { type FileHandle, readFile } from "node:fs/promises";')).toBe(true);
  expect(reads('import {\n  createReadStream,\n  statSync,\n} from "node:fs";')).toBe(true);
  expect(reads('import { readdirSync } from "node:fs";\nimport { readFileOf } from "./a.js";')).toBe(false);
});
