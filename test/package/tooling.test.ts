import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { needsLongRun, rounds } from "../support/long.ts";
import { root, run } from "../support/run.ts";

// What `npm run lint` and `npm run format:check` do, one test a tool. The tools that read everything take half of the
// time of `npm test`, and the editor or `npm run lint` has said it before: they are for the long run.
const minutes = { timeout: 5 * 60_000 };

async function passes(script: string, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run(process.execPath, [join(root, "node_modules", script), ...args]);
  expect(code, `${stdout}\n${stderr}`.trim().slice(-6000)).toBe(0);
}

describe("the sources", () => {
  test("types: src", minutes, async (ctx) => {
    needsLongRun(ctx);
    await passes("typescript/bin/tsc", "-p", ".", "--noEmit");
  });

  test("types: tests", minutes, async (ctx) => {
    needsLongRun(ctx);
    await passes("typescript/bin/tsc", "-p", "tsconfig.test.json");
  });

  test("oxlint", minutes, () => passes("oxlint/bin/oxlint", "--deny-warnings"));
  test("prettier", minutes, async (ctx) => {
    needsLongRun(ctx);
    await passes("prettier/bin/prettier.cjs", "--check", ".");
  });

  test("knip: nothing unused", minutes, () => passes("knip/bin/knip.js"));

  test("clang-format", minutes, async (ctx) => {
    const { code, stderr } = await run(process.execPath, ["test/support/project/clang-format.mjs"]);
    if (code === 77) ctx.skip("skipped: needs clang-format 14");
    expect(code, stderr.slice(-6000)).toBe(0);
  });

  // All files take minutes of a processor the first time, so the quick run checks those that were changed last.
  test("clang-tidy", { timeout: 60 * 60_000 }, async (ctx) => {
    const newest = String(rounds(4, 1000));
    const { code, stdout, stderr } = await run(process.execPath, [
      "test/support/project/clang-tidy.mjs",
      "--newest",
      newest,
    ]);
    if (code === 77) ctx.skip("skipped: needs clang-tidy-14");
    expect(code, `${stdout}\n${stderr}`.slice(-6000)).toBe(0);
  });
});

// `npm ci` refuses a lock file that leaves one out, on every platform; a registry that lags behind makes such lock
// files.
test("package-lock.json has every optional package that another one requests", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  const requested = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  expect(requested.length).toBeGreaterThan(20);
  const there = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, "")));
  expect(requested.filter((name) => !there.has(name))).toEqual([]);
});

interface Lock {
  packages: Record<string, { optionalDependencies?: Record<string, string> }>;
}

test("publint: the package's face", minutes, async (ctx) => {
  if (!existsSync(join(root, "dist/index.js"))) ctx.skip("skipped: needs dist");
  await passes("publint/src/cli.js", "--strict");
});
