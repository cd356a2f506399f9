/** A package with an addon of its own that is missing stops only what needs it. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { root, run } from "../../support/run.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "empreinte-missing-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Installs the package without the addons of these packages. Their other files are copied, so that they find no others.
 */
function installed(name: string, without: readonly string[], copied: readonly string[], addon = true): string {
  const place = join(folder, name);
  const modules = join(place, "node_modules");
  mkdirSync(modules, { recursive: true });
  for (const part of ["dist", "package.json"]) cpSync(join(root, part), join(place, part), { recursive: true });
  if (addon) symlinkSync(join(root, "build"), join(place, "build"), "junction");
  for (const module of readdirSync(join(root, "node_modules"))) {
    const from = join(root, "node_modules", module);
    if (module.startsWith(".") || without.includes(module)) continue;
    if (copied.includes(module)) cpSync(from, join(modules, module), { recursive: true, dereference: true });
    else symlinkSync(realpathSync(from), join(modules, module), "junction");
  }
  return place;
}

let noSqlite: string;
let nothing: string;
beforeAll(() => {
  noSqlite = installed("no-sqlite", ["@libsql"], ["libsql", "@neon-rs"]);
  nothing = installed("nothing", ["@libsql", "@img", "sharp"], ["libsql", "@neon-rs"]);
});

const command = (place: string, ...args: string[]) => run(process.execPath, [join(place, "dist/cli/main.js"), ...args]);
const program = (place: string, text: string) =>
  run(process.execPath, ["--input-type=module", "-e", text, join(place, "dist")]);

describe("without SQLite", () => {
  test("the version is printed, and doctor says what is missing", async () => {
    expect(await command(noSqlite, "--version")).toMatchObject({ code: 0, stderr: "" });
    const { code, stdout, stderr } = await command(noSqlite, "doctor");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toMatch(/fault: The package libsql, which stores banks, does not load on \w+-\w+: /);
  });

  test("hashing and searching work, and a store is refused with a code and leaves no file", async () => {
    const store = join(folder, "known.bank");
    const { code, stdout } = await program(
      noSqlite,
      `const { HashIndex, hashImage } = await import(process.argv[1] + "/index.js");
       const { BankStore } = await import(process.argv[1] + "/doors/bank.js");
       const index = new HashIndex();
       const hash = "f".repeat(32) + "0".repeat(32);
       index.add(1, hash);
       console.log(index.searchSync(hash)[0].id, typeof hashImage);
       await BankStore.create(${JSON.stringify(store)}).catch((error) => console.log(error.code));`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1 function\nERR_EMPREINTE_NATIVE_LOAD\n" });
    expect(existsSync(store)).toBe(false);
  });
});

describe("without sharp and SQLite", () => {
  test("pixels are hashed and searched, and an image is refused with a code", async () => {
    const { code, stdout } = await program(
      nothing,
      `const { hashImage, hashPixelsSync } = await import(process.argv[1] + "/index.js");
       const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * i) % 251);
       console.log(hashPixelsSync({ data, width: 64, height: 64, channels: 1 }).hash.length);
       const gif = Buffer.from("GIF89a\\u0001\\u0000\\u0001\\u0000", "latin1");
       await hashImage(gif).catch((error) => console.log(error.code));`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "64\nERR_EMPREINTE_NATIVE_LOAD\n" });
  });

  test("doctor names both", async () => {
    const { code, stdout } = await command(nothing, "doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/fault: The package sharp, which decodes images, /);
    expect(stdout).toMatch(/fault: The package libsql, which stores banks, /);
  });
});

describe("without the addon", () => {
  let place: string;
  beforeEach((ctx) => {
    if (!existsSync(join(root, "dist/wasm/empreinte.wasm"))) ctx.skip("skipped: needs npm run build:wasm");
    place ??= installed("no-addon", [], [], false);
  });

  test("a warning says what does not work, and what does gives the same", async () => {
    const never = join(folder, "never");
    const text = `
      const { HashIndex, hashImage } = await import(process.argv[1] + "/index.js");
      const gif = Buffer.from("R0lGODdhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=", "base64");
      const { hash, quality } = await hashImage(gif);
      const index = new HashIndex();
      const known = "f".repeat(32) + "0".repeat(32);
      index.add(1, known);
      const [match] = await index.search(known);
      console.log(hash, quality, JSON.stringify(match));
      await index.save(${JSON.stringify(never)}).catch((error) => console.log(error.code, error.message.replace(/^.*: /, "").slice(0, 80)));`;
    const { code, stdout, stderr } = await program(place, text);
    const same = (await program(root, text.slice(0, text.indexOf("await index.save")))).stdout;
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${same}ERR_EMPREINTE_WRITE Saving or checking an index file needs the native addon. There is no native addo\n`,
    });
    expect(stderr).toMatch(/\[EMPREINTE_WITHOUT_ADDON\] Warning: empreinte hashes and searches in WebAssembly/);
    expect(existsSync(never)).toBe(false);
  });

  test("doctor says so, and what would help", async () => {
    const { code, stdout } = await command(place, "doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^core +WebAssembly, because no native addon fits$/m);
    expect(stdout).toMatch(/fault: .*There is no native addon for \w+-\w+\. Install a C\+\+20 compiler/);
    expect(stdout).not.toMatch(/^test: .*(?<!ok)$/m);
  });

  test("a search of a plain list is refused by name", async () => {
    const list = join(folder, "known.txt");
    writeFileSync(list, `${"f".repeat(32)}${"0".repeat(32)}\n`);
    const { code, stderr } = await command(place, "scan", "--list", list, list);
    expect(code).toBe(2);
    expect(stderr).toContain("Reading plain lists needs the native addon. There is no native addon for ");
  });
});

test("no process report asks the network, at import or when a store is opened", async () => {
  const path = join(folder, "report.bank");
  const { code, stdout } = await run(process.execPath, [
    "--input-type=module",
    "-e",
    `const asked = [];
     const { getReport } = process.report;
     process.report.getReport = (...args) => {
       asked.push(process.report.excludeNetwork);
       return getReport.apply(process.report, args);
     };
     const { hashImage } = await import(process.argv[1] + "/index.js");
     const { BankStore } = await import(process.argv[1] + "/doors/bank.js");
     await (await BankStore.create(${JSON.stringify(path)})).close();
     await hashImage(Buffer.from("GIF89a")).catch(() => {});
     console.log(asked.length > 0, asked.every((excluded) => excluded === true));`,
    join(root, "dist"),
  ]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "true true\n" });
});
