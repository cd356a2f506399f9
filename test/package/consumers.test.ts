import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addon, installPacked, link } from "../support/project/packed.ts";
import { root, run, succeed } from "../support/run.ts";

// The package from outside: installed from its tarball, then compiled, bundled and run as users do.

const app = realpathSync(mkdtempSync(join(tmpdir(), "empreinte-consumers-")));
afterAll(() => rmSync(app, { recursive: true, force: true }));
beforeAll(async () => {
  await installPacked(app, ["@types/node", "undici-types"]);
  cpSync(join(root, "test/package/consumers"), app, { recursive: true });
});

const printed = { near: [0], listed: "a case", same: 0, classes: true };

/** Compiles one of the consumers; returns the folder with the JavaScript. */
async function compile(name: string, file: string, options: Record<string, unknown>): Promise<string> {
  const config = {
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2023", "ESNext.Disposable"],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      rootDir: ".",
      outDir: `out-${name}`,
      ...options,
    },
    files: [file],
  };
  writeFileSync(join(app, `tsconfig.${name}.json`), JSON.stringify(config));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { code, stdout, stderr } = await run(process.execPath, [tsc, "-p", `tsconfig.${name}.json`], { cwd: app });
  expect(code, `${stdout}\n${stderr}`.slice(-6000)).toBe(0);
  return join(app, `out-${name}`);
}

const node = (file: string): Promise<string> => succeed(process.execPath, [file], { cwd: app });

describe("types: strict, exactOptionalPropertyTypes, and every declaration file checked", () => {
  test.each([
    ["node16", { module: "node16", moduleResolution: "node16" }],
    ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }],
    ["bundler", { module: "esnext", moduleResolution: "bundler" }],
  ])("all six doors under moduleResolution %s", async (name, options) => {
    const out = await compile(name, "all-doors.ts", options);
    expect(JSON.parse(await node(join(out, "all-doors.js")))).toEqual(printed);
  });

  test("all six doors through require() in CommonJS", async () => {
    const out = await compile("common", "common.cts", { module: "nodenext", moduleResolution: "nodenext" });
    expect(JSON.parse(await node(join(out, "common.cjs")))).toEqual({ distance: 256, all: true });
  });

  test("a wrong use does not compile", async () => {
    const wrong = [
      'import { HashIndex } from "empreinte";',
      'new HashIndex().add("seven", "0");',
      'export { openList } from "empreinte";',
      'export { BankStore } from "empreinte/bank/storage";',
      'export { native } from "empreinte/dist/native/load.js";',
    ];
    writeFileSync(join(app, "wrong.ts"), `${wrong.join("\n")}\n`);
    const options = { module: "nodenext", moduleResolution: "nodenext" };
    const found = await compile("wrong", "wrong.ts", options).catch((error: Error) => error.message);
    for (const [line, code] of [
      [2, "TS2345"],
      [3, "TS2305"],
      [4, "TS2307"],
      [5, "TS2307"],
    ]) {
      expect(found).toMatch(new RegExp(`wrong\\.ts\\(${line},\\d+\\): error ${code}`));
    }
  });
});

describe("bundled by esbuild", () => {
  /** One file for Node.js from the consumer's source. */
  async function bundle(outfile: string, options: BuildOptions): Promise<void> {
    const { warnings } = await build({
      absWorkingDir: app,
      entryPoints: ["all-doors.ts"],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "silent",
      ...options,
    });
    expect(warnings).toEqual([]);
  }

  test("with the packages that have native files left in node_modules", async () => {
    await bundle(join(app, "external/app.mjs"), { external: ["empreinte", "empreinte/*"] });
    expect(JSON.parse(await node(join(app, "external/app.mjs")))).toEqual(printed);
  });

  test("in a bundle of CommonJS, where nothing says where the addon is, the error says what to do", async () => {
    const outfile = join(app, "common/app.cjs");
    const options: BuildOptions = {
      format: "cjs",
      external: ["sharp", "libsql"],
      logOverride: { "empty-import-meta": "silent" },
    };
    await bundle(outfile, { ...options, stdin: { contents: 'import "empreinte"', resolveDir: app }, entryPoints: [] });
    const { code, stderr } = await run(process.execPath, [outfile]);
    expect(code).toBe(1);
    expect(stderr).toContain("ERR_EMPREINTE_NATIVE_LOAD");
    expect(stderr).toContain("serverExternalPackages");
  });

  test("with empreinte in the bundle and its addon beside it", async () => {
    const inside = join(app, "alone");
    mkdirSync(inside);
    // CommonJS inside the bundle, such as papaparse, calls require().
    const banner = {
      js: 'import * as module from "node:module"; const require = module.createRequire(import.meta.url);',
    };
    await bundle(join(inside, "app.mjs"), { external: ["sharp", "libsql"], banner });
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), "empreinte-bundle-")));
    try {
      cpSync(join(inside, "app.mjs"), join(elsewhere, "app.mjs"));
      link(elsewhere, ["sharp", "libsql"]);
      const without = await run(process.execPath, ["app.mjs"], { cwd: elsewhere });
      expect(without.code).toBe(1);
      expect(without.stderr).toContain("ERR_EMPREINTE_NATIVE_LOAD");
      expect(without.stderr).toContain("esbuild --external:empreinte");
      expect(without.stderr).not.toContain("C++20 compiler"); // it would help nobody here
      cpSync(addon(), join(elsewhere, "empreinte.node"));
      const ran = await run(process.execPath, ["app.mjs"], { cwd: elsewhere });
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(ran.stdout)).toEqual(printed);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });
});
