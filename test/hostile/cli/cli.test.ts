/** The command where the addon is missing, and on the photographs that are shared. */
import { copyFileSync, cpSync, existsSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { empreinteProcess, folder, jsonLines, known, makeImage } from "../../support/cli.ts";
import { root, run } from "../../support/run.ts";

const here = folder();
const scene = known("scenergb-65x63");
const scenePath = await makeImage(scene.id, join(here, "scene.png"));

describe("without the addon and without WebAssembly", () => {
  it("help is there, and every command says what to do", async () => {
    const bare = folder();
    cpSync(join(root, "dist"), join(bare, "dist"), { recursive: true });
    rmSync(join(bare, "dist/wasm"), { recursive: true, force: true });
    copyFileSync(join(root, "package.json"), join(bare, "package.json"));
    symlinkSync(join(root, "node_modules"), join(bare, "node_modules"), "junction");
    const bareMain = (...args: string[]) => run(process.execPath, [join(bare, "dist/cli/main.js"), ...args]);
    for (const args of [["--help"], ["bank", "--help"], ["scan", "--help"], ["completions", "bash"]]) {
      expect(await bareMain(...args)).toMatchObject({ code: 0, stderr: "" });
    }
    for (const [code, ...args] of [
      [2, "hash", scenePath],
      [2, "scan", "--list", "x", scenePath],
      [1, "doctor"],
    ] as const) {
      const { stdout, stderr, ...rest } = await bareMain(...args);
      expect(rest.code).toBe(code);
      expect(stdout).toBe("");
      expect(stderr).toMatch(/^empreinte: There is no native addon for .*npm run build.*\n$/);
    }
  });
});

describe("shared images", () => {
  const csv = join(root, "../shared/vectors/real/bridge-mods.csv");

  it("12 of 12 photographs have the reference's hash and quality, and the tool's with --compat cpp-cli", async (ctx) => {
    if (!existsSync(csv)) ctx.skip("skipped: needs ../shared");
    const { readFileSync } = await import("node:fs");
    const [head, ...rows] = readFileSync(csv, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    const expected = rows.map((row) => Object.fromEntries(row.map((value, i) => [head![i]!, value])));
    expect(expected).toHaveLength(12);
    const paths = expected.map((row) => join(csv, "..", row["path"]!));
    const answers = async (...args: string[]) => {
      const { code, stdout } = await empreinteProcess(["hash", "--json", "--orientations", ...args, ...paths]);
      expect(code).toBe(0);
      return jsonLines<{ path: string; hash: string; quality: number; orientations: Record<string, string> }>(stdout);
    };
    for (const [kind, got] of [
      ["core_fullres", await answers()],
      ["cli", await answers("--compat", "cpp-cli")],
    ] as const) {
      expect(
        got.map(({ hash, quality }) => [hash, String(quality)]),
        kind,
      ).toEqual(expected.map((row) => [row[`${kind}_hash`], row[`${kind}_quality`]]));
      for (const orientation of ["rot90", "rot180", "rot270", "flipX", "flipY", "flipPlus1", "flipMinus1"]) {
        expect(got.map(({ orientations }) => orientations[orientation])).toEqual(
          expected.map((row) => row[`${kind}_${orientation}`]),
        );
      }
    }
  });

  it("every photograph is hashed", async (ctx) => {
    const photos = join(root, "../shared/photos");
    if (!existsSync(photos)) ctx.skip("skipped: needs ../shared");
    const folders = ["bsds-train", "kodak"].map((name) => join(photos, name));
    const count = folders.flatMap((folder) => readdirSync(folder)).length;
    const { code, stdout } = await empreinteProcess(["hash", "--json", "--quiet", ...folders]);
    const got = jsonLines<{ hash?: string; stable?: boolean }>(stdout);
    expect(got).toHaveLength(count);
    expect(got.every(({ hash, stable }) => hash?.length === 64 && stable === true)).toBe(true);
    expect(code).toBe(0);
  });
});
