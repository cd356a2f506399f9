import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeInput, SPECS } from "../../fixtures/kat/inputs.mjs";
import { addon, target } from "../support/project/packed.ts";
import { type Ran, root, run, succeed, which } from "../support/run.ts";

// What `npm publish` would send, made in a copy of the sources, installed where there is no compiler.
const folder = mkdtempSync(join(tmpdir(), "empreinte-package-"));
const tree = join(folder, "tree");
const app = join(folder, "app");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Packed {
  filename: string;
  files: { path: string; mode: number }[];
}

/** The environment without what `npm test` put there, besides where packages come from. */
function environment(path: string): NodeJS.ProcessEnv {
  const kept = /^npm_config_(registry|cache|userconfig|cafile|https?_proxy|proxy|noproxy)$/i;
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || kept.test(name));
  return { ...Object.fromEntries(entries), PATH: path };
}

const path = process.env["PATH"] ?? "";
const { vectors } = JSON.parse(readFileSync(join(root, "fixtures/kat/pdq-synthetic.json"), "utf8")) as {
  vectors: { id: string; hash: string; quality: number }[];
};

/** A known answer: its samples and the reference's hash of them. */
function known(id: string): {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Buffer;
  hash: string;
  quality: number;
} {
  const spec = SPECS.find((one) => one.id === id)!;
  const { hash, quality } = vectors.find((vector) => vector.id === id)!;
  const { width, height, channels } = spec;
  return { width, height, channels, data: Buffer.from(makeInput(spec)), hash, quality };
}

let packed: Packed;

beforeAll(async () => {
  mkdirSync(tree);
  const sources = ["package.json", "tsconfig.json", "native", "bindings", "src", "test", "fixtures"];
  for (const name of [...sources, "README.md", "LICENSE", "CHANGELOG.md", "HACKING.md", ".ci"]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(tree, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"), "dir");
  const here = { cwd: tree, env: environment(path) };
  await succeed("npm", ["run", "build:library"], here);
  // It packs the addon that is there: compiling it again takes minutes. The release workflow packs those of
  // prebuildify, and installs them on each system.
  if (!existsSync(addon())) await succeed("npm", ["run", "build:native"], here);
  const built = existsSync(addon()) ? addon() : join(tree, "build/Release/empreinte.node");
  cpSync(built, join(tree, `prebuilds/${target}/empreinte.node`));
  await succeed("npm", ["run", "prepublishOnly"], here);
  [packed] = JSON.parse(await succeed("npm", ["pack", "--json"], here)) as [Packed];
});

describe("the tarball", () => {
  test("has what a user needs, and nothing else", () => {
    const paths = packed.files.map((file) => file.path);
    const needed = ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "bindings/node/addon.gyp", "dist/index.js"];
    needed.push(
      "dist/index.d.ts",
      "dist/cli/main.js",
      "native/empreinte.h",
      "native/empreinte/hash.h",
      "bindings/node/module.cc",
    );
    needed.push(`prebuilds/${target}/empreinte.node`);
    expect(needed.filter((name) => !paths.includes(name))).toEqual([]);
    const fine =
      /^(dist\/.+\.(js|d\.ts)|prebuilds\/.+\.node|(native|bindings)\/.+\.(h|cc|mjs)|bindings\/node\/addon\.gyp|native\/.+\/(README|FORMAT)\.md|man\/empreinte\.1|[A-Z]+(\.md)?|package\.json)$/;
    expect(paths.filter((name) => !fine.test(name))).toEqual([]);
    expect(paths.filter((name) => /(^|\/)(tests?|fixtures|benchmarks)\/|\.test\.|HACKING|\.npmrc/.test(name))).toEqual(
      [],
    );
  });

  // yarn 1 compiles whatever package has a binding.gyp, and fails where there is no compiler.
  test("has nothing that makes a package manager compile", () => {
    expect(packed.files.filter(({ path: name }) => basename(name) === "binding.gyp")).toEqual([]);
  });

  test("asks npm to run nothing", () => {
    const manifest = JSON.parse(readFileSync(join(tree, "package.json"), "utf8")) as {
      gypfile: boolean;
      scripts: Record<string, string>;
    };
    expect(manifest.gypfile).toBe(false);
    const lifecycle = /^(pre|post)?(install|prepare|pack)$|^prebuild$|^dependencies$/;
    expect(Object.keys(manifest.scripts).filter((name) => lifecycle.test(name))).toEqual([]);
  });
});

describe("installed in an empty folder, with no compiler on PATH", () => {
  const bin = join(folder, "bin");
  const env = environment(bin);
  let installed: Ran;

  beforeAll(async () => {
    // node and npm, and nothing else: no compiler, no make, no python3, not even a shell.
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, "node"));
    const npm = process.env["npm_execpath"] ?? which("npm")!;
    symlinkSync(basename(npm) === "npm" ? npm : join(dirname(npm), "npm-cli.js"), join(bin, "npm"));
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
    installed = await run("npm", ["install", "--no-audit", "--no-fund", join(tree, packed.filename)], {
      cwd: app,
      env,
    });
  });

  const offline = (): boolean => /E(NOTFOUND|CONNREFUSED|CONNRESET|AI_AGAIN|TIMEDOUT)\b/.test(installed.stderr);

  test("npm is content, and compiles nothing", (ctx) => {
    if (offline()) ctx.skip("skipped: needs the npm registry");
    expect(installed.code, installed.stderr).toBe(0);
    expect(installed.stderr).not.toMatch(/gyp|script/i);
    expect(existsSync(join(app, "node_modules/empreinte/build"))).toBe(false);
    expect(existsSync(join(app, "node_modules/empreinte/prebuilds", target))).toBe(true);
  });

  test.for(["b-512x512", "rgb64-waves"])("the known answer of %s, from a script", async (id, ctx) => {
    if (offline()) ctx.skip("skipped: needs the npm registry");
    const { data, width, height, channels, hash, quality } = known(id);
    writeFileSync(join(app, "pixels.raw"), data);
    writeFileSync(
      join(app, "hash.mjs"),
      `import { readFileSync } from "node:fs";
       import { hashImage, HashIndex } from "empreinte";
       const data = readFileSync("pixels.raw");
       const { hash, quality } = await hashImage({ data, width: ${width}, height: ${height}, channels: ${channels} });
       const index = new HashIndex();
       index.add(0, hash);
       console.log(JSON.stringify({ hash, quality, hits: index.searchSync(hash, { radius: 31 }) }));`,
    );
    const said = JSON.parse(await succeed("node", ["hash.mjs"], { cwd: app, env })) as unknown;
    expect(said).toEqual({ hash, quality, hits: [{ id: 0, distance: 0, orientation: "orig" }] });
  });

  test("the same through require()", async (ctx) => {
    if (offline()) ctx.skip("skipped: needs the npm registry");
    const script = "console.log(require('empreinte').hashDistance('0'.repeat(64), 'f'.repeat(64)))";
    writeFileSync(join(app, "old.cjs"), script);
    expect(await succeed("node", ["old.cjs"], { cwd: app, env })).toBe("256\n");
  });

  test("the command hashes a PNG", async (ctx) => {
    if (offline()) ctx.skip("skipped: needs the npm registry");
    const { data, width, height, channels, hash, quality } = known("rgb64-waves");
    await sharp(data, { raw: { width, height, channels } }).png().toFile(join(app, "image.png"));
    const command = join(app, "node_modules/.bin/empreinte");
    const said = await succeed(command, ["hash", "image.png"], { cwd: app, env });
    expect(said.trim().split(/\s+/)).toEqual([hash, String(quality), "image.png"]);
  });
});
