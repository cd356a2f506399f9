/** The API reference: it can be built from the sources, its links lead somewhere, and it needs no network. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ran, root, run } from "../support/run.ts";

const site = mkdtempSync(join(tmpdir(), "empreinte-site-"));
afterAll(() => rmSync(site, { recursive: true, force: true }));

describe("npm run docs", () => {
  let built: Ran;
  beforeAll(async () => {
    built = await run(process.execPath, [join(root, "node_modules/typedoc/bin/typedoc"), "--out", site]);
  }, 10 * 60_000);

  test("builds without a warning: every link of a doc comment and of a page leads somewhere", () => {
    expect(built.stderr + built.stdout).not.toMatch(/\[(warning|error)\]/);
    expect(built.code).toBe(0);
  });

  test("has the pages of docs/ and a page for each door", () => {
    for (const name of readdirSync(join(root, "docs")).filter((one) => /^[a-z-]+\.md$/.test(one))) {
      expect(existsSync(join(site, "documents", name.replace(/md$/, "html"))), name).toBe(true);
    }
    for (const door of ["empreinte", "empreinte_video", "empreinte_lists", "empreinte_bank", "empreinte_evaluate"]) {
      expect(existsSync(join(site, "modules", `${door}.html`)), door).toBe(true);
    }
  });

  test("loads scripts, styles and images from the folder only", () => {
    const pages = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
    expect(pages.length).toBeGreaterThan(50);
    const loaded = pages.flatMap((name) =>
      [...readFileSync(join(site, name), "utf8").matchAll(/<(?:script|link|img)[^>]*\b(?:src|href)="([^"]+)"/g)].map(
        ([, target]) => target!,
      ),
    );
    expect(loaded.filter((target) => /^(https?:)?\/\//.test(target))).toEqual([]);
  });
});
