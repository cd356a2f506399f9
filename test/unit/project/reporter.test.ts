import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Ran, root, run } from "../../support/run.ts";

// The reporter and the temporary folder in runs of their own: what is said last, and what the run ends with.
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-reporter-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  writeFileSync(
    join(folder, "vitest.config.ts"),
    `import { ClosingLine } from ${JSON.stringify(join(root, "test/support/reporter.ts"))};
     const globalSetup = ${JSON.stringify(join(root, "test/support/run-folder.ts"))};
     export default { test: {
         globalSetup, include: ["*.test.ts"], reporters: [new ClosingLine()], pool: "threads", maxWorkers: 1, isolate: false } };`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A run in the folder, whose temporary files are there as well. */
function vitest(files: Record<string, string>): Promise<Ran> {
  for (const [name, body] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { expect, test } from "vitest";\n${body}`);
  }
  const env = { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder };
  return run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run"], { cwd: folder, env });
}

const good = 'test("good", () => expect(1).toBe(1));';
const bad = 'test("bad", () => expect(1).toBe(2));';

describe("the closing line", () => {
  test("all is well", async () => {
    const { code, stdout } = await vitest({ "a.test.ts": good, "b.test.ts": good });
    expect(stdout).toMatch(/\n\n2 passed, 0 failed, 0 skipped\n$/);
    expect(code).toBe(0);
  });

  test("each skipped test is listed with its reason", async () => {
    const skip = 'test("far", (ctx) => ctx.skip("skipped: needs the moon")); test.skip("near", () => {});';
    const { code, stdout } = await vitest({ "a.test.ts": good + skip });
    expect(stdout).toContain("a.test.ts > far: skipped: needs the moon\n");
    expect(stdout).toContain("a.test.ts > near: no reason given\n");
    expect(stdout).toMatch(/\n\n1 passed, 0 failed, 2 skipped\n$/);
    expect(code).toBe(0);
  });

  test("a failed test, a file that does not load and an error outside the tests are failures", async () => {
    const late = 'test("late", () => { setTimeout(() => { throw new Error("late"); }); });';
    const after = 'import { afterAll } from "vitest"; afterAll(() => new Promise((done) => setTimeout(done, 50)));';
    const { code, stdout } = await vitest({
      "a.test.ts": good + bad,
      "b.test.ts": 'throw new Error("not loaded");',
      "c.test.ts": after + late,
    });
    expect(stdout).toMatch(/\n\n2 passed, 3 failed, 0 skipped\n$/);
    expect(code).toBe(1);
  });

  test("no test at all is a failure", async () => {
    const { code, stdout } = await vitest({});
    expect(stdout).toMatch(/\n\n0 passed, 1 failed, 0 skipped\n$/);
    expect(code).toBe(1);
  });
});

test("a folder that a test leaves is removed, and the run ends with 1", async () => {
  const leaves = `import { mkdtempSync } from "node:fs"; import { tmpdir } from "node:os";
    test("leaves", () => void mkdtempSync(tmpdir() + "/empreinte-some-"));`;
  const { code, stdout, stderr } = await vitest({ "a.test.ts": leaves });
  expect(stdout).toMatch(/\n\n1 passed, 0 failed, 0 skipped\n$/);
  expect(stderr).toMatch(/^The tests left in their temporary folder: empreinte-some-\w{6}$/m);
  expect(code).toBe(1);
  expect(readdirSync(folder).filter((name) => name.startsWith("empreinte-"))).toEqual([]);
});
