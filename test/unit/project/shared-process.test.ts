import { describe, expect, test } from "vitest";
import { sharedFiles, sharesProcess } from "../../support/shared-process.ts";

describe("which test files share a process", () => {
  test("not those that change or measure the whole of it", () => {
    expect(sharesProcess('import { hashImage } from "../dist/index.js";\nawait hashImage(path);')).toBe(true);
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

  test("most of those that only call the library, and none that starts a server, a browser or the command", () => {
    const files = sharedFiles();
    expect(files.length).toBeGreaterThan(60);
    expect(files).toContain("test/unit/lists/formats.test.ts");
    expect(files.filter((file) => !/^test\/(kat|property|differential|unit)\//.test(file))).toEqual([]);
    expect(files.filter((file) => /\/(cli|project)\//.test(file))).toEqual([]);
    expect(files).not.toContain("test/unit/image/tune-process.test.ts");
  });
});
