import { describe, expect, test } from "vitest";
import { sharedFiles, sharesProcess } from "../../support/shared-process.ts";

describe("which test files share a process", () => {
  test("not those that change or measure the whole of it", () => {
    expect(sharesProcess('import { hashImage } from "../dist/index.js";\nawait hashImage(path);')).toBe(true);
    expect(sharesProcess("await run(program, [], { env: { ...process.env, LANG: name } });")).toBe(true);
    for (const source of [
      'process.env["PATH"] = "";',
      "process.chdir(folder);",
      "const { rss } = process.memoryUsage();",
      'process.on("warning", listen);',
      "tuneProcess();",
      "sharp.concurrency(1);",
      "globalThis.gc(); gc();",
      'readdirSync("/proc/self/fd");',
      'await hashImages(paths, { isolation: "process" });',
    ]) {
      expect(sharesProcess(source), source).toBe(false);
    }
  });

  test("most of those that call the library, a package or the command, and none that is hostile or compiles", () => {
    const files = sharedFiles();
    expect(files.length).toBeGreaterThan(120);
    expect(files).toContain("test/unit/lists/formats.test.ts");
    expect(files).toContain("test/unit/cli/copies.test.ts");
    expect(files).toContain("packages/server/test/v1/routes.test.ts");
    expect(files.filter((file) => /^test\/(hostile|native|package)\/|^packages\/cluster\//.test(file))).toEqual([]);
    expect(files).not.toContain("test/unit/image/tune-process.test.ts");
    expect(files).not.toContain("test/unit/project/doctor.test.ts");
  });
});
