/** Which files the commands read: --include, --exclude, --files-from and --null. */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileFilter } from "../../../dist/cli/io/files/filter.js";
import { walk } from "../../../dist/cli/io/files/walk.js";
import { empreinte, empreinteProcess, folder, jsonLines, known, main, makeImage } from "../../support/cli.ts";
import { run } from "../../support/run.ts";

describe("a pattern", () => {
  it.each<[pattern: string, matches: string[], others: string[]]>([
    ["*.png", ["a.png", "deep/er/b.png", ".png"], ["a.PNG", "a.pngx", "a.png.txt"]],
    ["a?c", ["abc", "x/aéc", "a漢c"], ["ac", "a/c", "abbc"]],
    ["[a-c]1", ["a1", "x/c1"], ["d1", "-1"]],
    ["[!a-c]1", ["d1", "é1"], ["a1", "1"]],
    ["[]x]", ["]", "x"], ["y"]],
    ["[^/]", ["a"], ["ab"]],
    ["a[-]b", ["a-b"], ["aab"]],
    ["\\*", ["*"], ["a"]],
    ["a.b+(c)", ["a.b+(c)"], ["aXb+(c)", "a.bb(c)"]],
    ["thumbs", ["thumbs", "x/thumbs", "thumbs/a.png", "x/thumbs/y/a.png"], ["thumbs2", "xthumbs/a"]],
    ["thumbs/", ["thumbs/a.png", "x/thumbs/y/a.png"], ["thumbs", "x/thumbs"]],
    ["/top.png", ["top.png"], ["x/top.png"]],
    ["a/b", ["a/b", "a/b/c.png"], ["x/a/b", "a/x/b"]],
    ["a/*.png", ["a/x.png"], ["a/b/x.png", "x.png"]],
    ["a/**/x.png", ["a/x.png", "a/b/x.png", "a/b/c/x.png"], ["b/a/x.png", "ax.png"]],
    ["**/x", ["x", "a/x", "a/b/x"], ["ax"]],
    ["a/**", ["a/x", "a/b/x"], ["a", "b/a/x"]],
    ["**", ["a", "a/b"], []],
    ["x**y", ["xy", "xaay"], ["x/y"]],
  ])("%s", (pattern, matches, others) => {
    const filter = new FileFilter([], [pattern]);
    expect(matches.filter((path) => filter.takesFile(path))).toEqual([]);
    expect(others.filter((path) => !filter.takesFile(path))).toEqual([]);
    const includes = new FileFilter([pattern], []);
    expect(matches.filter((path) => !includes.takesFile(path))).toEqual([]);
    expect(others.filter((path) => includes.takesFile(path))).toEqual([]);
  });

  it("that excludes wins over one that includes, in any order", () => {
    const filter = new FileFilter(["*.png", "*.jpg"], ["bad*", "old/"]);
    const paths = ["a.png", "a.jpg", "a.gif", "bad.png", "old/a.png", "older/a.png"];
    expect(paths.filter((path) => filter.takesFile(path))).toEqual(["a.png", "a.jpg", "older/a.png"]);
    expect([filter.entersFolder("old"), filter.entersFolder("x/old"), filter.entersFolder("older")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it.each([["["], ["[a"], [""], ["/"], ["[z-a]"]])("%j is refused as a pattern", async (pattern) => {
    const { code, stdout, stderr } = await empreinte(["hash", "--exclude", pattern, "x"]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(/pattern|GLOB/);
  });
});

describe("files", () => {
  const here = folder();
  const scene = known("scenergb-65x63");
  const at = (path: string): string => join(here, path);
  for (const name of ["a.png", "b.gif", "keep/c.png", "keep/thumbs/d.png", "thumbs/e.png"]) {
    mkdirSync(join(at(name), ".."), { recursive: true });
    writeFileSync(at(name), "");
  }
  symlinkSync(at("a.png"), at("keep/link.png"));

  async function walked(
    include: string[],
    exclude: string[],
    names = [here],
  ): Promise<{ paths: string[]; left: number }> {
    const paths: string[] = [];
    let left = 0;
    const filter = new FileFilter(include, exclude);
    const options = { signal: new AbortController().signal, filter, onExcluded: () => void left++ };
    for await (const { path } of walk(names, options)) paths.push(path.toString().slice(here.length + 1));
    return { paths, left };
  }

  it("of walked folders are compared by their path below the folder", async () => {
    expect((await walked([], ["thumbs/"])).paths).toEqual(["a.png", "b.gif", "keep/c.png", "keep/link.png"]);
    expect((await walked([], ["/thumbs"])).paths).toContain("keep/thumbs/d.png");
    expect((await walked(["*.gif"], [])).paths).toEqual(["b.gif"]);
    expect((await walked(["keep/"], ["link.*"])).paths).toEqual(["keep/c.png", "keep/thumbs/d.png"]);
    expect((await walked(["c.png"], [], [at("keep")])).paths).toEqual(["keep/c.png"]);
    expect((await walked(["*.png"], [], [`${here}/`])).paths).toHaveLength(5);
  });

  it("that are named are compared by their name, and counted when they are excluded", async () => {
    expect(await walked([], ["*.png"], [at("a.png"), at("b.gif"), at("keep")])).toEqual({ paths: ["b.gif"], left: 1 });
    const good = await makeImage(scene.id, at("named/good.png"));
    const { code, stdout, stderr } = await empreinte(["hash", "--exclude", "a.*", at("a.png"), good]);
    expect(stdout).toBe(`${scene.hash}  ${scene.quality}  ${good}\n`);
    expect(stderr).toBe("empreinte: 1 file, 0 failed, 0 skipped (no images), 1 excluded by name\n");
    expect(code).toBe(0);
    const quiet = await empreinte(["hash", "--quiet", "--exclude", "a.*", at("a.png"), good]);
    expect(quiet).toMatchObject({ code: 0, stderr: "" });
  });

  it("whose names are not UTF-8 are filtered too", async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs a file system that takes any bytes");
    const bytes = folder();
    const path = Buffer.concat([Buffer.from(`${bytes}/`), Buffer.from([0x66, 0xff]), Buffer.from(".png")]);
    writeFileSync(path, "");
    const names = async (pattern: string): Promise<number> => {
      let count = 0;
      const filter = new FileFilter([pattern], []);
      for await (const _ of walk([bytes], { signal: new AbortController().signal, filter })) count++;
      return count;
    };
    expect([await names("*.png"), await names("f?.png"), await names("f.png")]).toEqual([1, 1, 0]);
  });

  it("are also those that --files-from names, a line each; missing ones are failures", async () => {
    const good = await makeImage(scene.id, at("listed/good.png"));
    const odd = at("listed/-");
    copyFileSync(good, odd);
    writeFileSync(at("names.txt"), `${good}\n\n${at("none.png")}\n${at("listed")}\n`);
    const args = ["hash", "--json", "--include", "good.png", "--files-from", at("names.txt")];
    const { code, stdout } = await empreinte(args);
    expect(code).toBe(2);
    expect(jsonLines(stdout)).toMatchObject([
      { path: good, hash: scene.hash },
      { path: at("none.png"), error: { code: "ERR_EMPREINTE_READ" } },
      { path: good },
    ]);
    const both = await empreinte(["hash", odd, "--files-from", "-"], { input: good });
    const start = `${scene.hash}  ${scene.quality}  `;
    expect(both.stdout).toBe(`${start}${odd}\n${start}${good}\n`);
    const dash = await empreinteProcess(["hash", "--files-from", "-"], { input: "-\n", cwd: at("listed") });
    expect(dash.stdout).toBe(`${scene.hash}  ${scene.quality}  ./-\n`);
    const missing = await empreinte(["hash", "--files-from", at("gone.txt")]);
    expect(missing).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("gone.txt cannot be read") });
    const twice = await empreinte(["hash", "-", "--files-from", "-"]);
    expect(twice).toMatchObject({ code: 64, stderr: expect.stringContaining("read only once") });
    writeFileSync(at("long.txt"), "x".repeat(100_000));
    const long = await empreinte(["hash", "--files-from", at("long.txt")]);
    expect(long).toMatchObject({ code: 2, stderr: expect.stringContaining("a name of more than 65536 bytes") });
  });

  it("with --null: names and records end with a zero byte, and names are as they are", async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs a file system that takes any bytes");
    const odd = folder();
    const good = await makeImage(scene.id, join(odd, "new\nline\\.png"));
    const list = join(odd, "list.csv");
    writeFileSync(list, `${scene.hash},a\tb\n`);
    const names = `${good}\0${at("none.png")}\0`;
    const hashed = await empreinte(["hash", "-0", "--files-from", "-"], { input: names });
    expect(hashed).toMatchObject({ code: 2, stdout: `${scene.hash}  ${scene.quality}  ${good}\0` });
    const scanned = await empreinte(["scan", "--list", list, "--null", good]);
    expect(scanned.stdout).toBe(`${good}\tmatch\t0\t${list}:1\torig\t-\ta\\tb\0`);
    const json = await empreinte(["hash", "--json", "-0", good]);
    expect(json.stdout.endsWith("}\n")).toBe(true);
    const created = await empreinte(["list", "create", "--quiet", "-0", "--files-from", "-"], { input: `${good}\0` });
    expect(created).toMatchObject({
      code: 0,
      stdout: `${scene.hash},${good.replace("\n", "\\n").replace("\\.", "\\\\.")}\n`,
    });
    // Bytes that are no text come out as they are: the shell's own tools can use them.
    copyFileSync(good, Buffer.concat([Buffer.from(`${odd}/`), Buffer.from([0x66, 0xff]), Buffer.from(".png")]));
    const script = `"$0" "$1" hash -0 --quiet "$2" --include "f?.png" | od -An -v -tx1`;
    const { stdout } = await run("sh", ["-c", script, process.execPath, main, odd]);
    expect(stdout.replaceAll(/\s/g, "")).toMatch(/2f66ff2e706e6700$/); // /f\xff.png\0
  });

  it("of a list that never ends: Ctrl-C ends the command", async (ctx) => {
    if (process.platform === "win32") ctx.skip("skipped: needs signals");
    const good = await makeImage(scene.id, at("listed/good.png"));
    const child = spawn(process.execPath, [main, "hash", "--files-from", "-"], { stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.write(`${good}\n`);
    child.stdout.once("data", () => child.kill("SIGINT"));
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(130);
  });
});
