/** Every command refuses what is no file at once, by its name, whichever argument it is. None waits for a writer. */
import { execFileSync } from "node:child_process";
import { copyFileSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { empreinte, folder, makeImage } from "../../support/cli.ts";
import { which } from "../../support/run.ts";

const hash = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

describe.skipIf(process.platform === "win32" || which("mkfifo") === undefined)("what is no file", () => {
  const here = folder();
  const path = (...names: string[]): string => join(here, ...names);
  const server = createServer();
  beforeAll(async () => {
    await makeImage("scenergb-128x128", path("good.png"));
    writeFileSync(path("list.txt"), `${hash}\n`);
    mkdirSync(path("walked"));
    copyFileSync(path("good.png"), path("walked", "good.png"));
    execFileSync("mkfifo", [path("pipe.png"), path("walked", "pipe.mp4")]);
    symlinkSync(path("pipe.png"), path("link.jpg"));
    symlinkSync("/dev/zero", path("walked", "zero.jpg"));
    await new Promise<void>((listening) => server.listen(path("walked", "socket.txt"), listening));
    await empreinte(["bank", "create", path("known.bank"), "b"]);
  });
  afterAll(() => server.close());

  const bank = ["bank", "import", "--bank", "b", "--source", "s"];
  const forms: [string, (special: string) => string[]][] = [
    ["hash", (special) => ["hash", special]],
    ["hash --files-from", (special) => ["hash", "--files-from", special]],
    ["scan", (special) => ["scan", "--list", path("list.txt"), special]],
    ["scan --list", (special) => ["scan", "--list", special, path("good.png")]],
    ["scan --index", (special) => ["scan", "--index", special, path("good.png")]],
    ["scan --bank", (special) => ["scan", "--bank", special, path("good.png")]],
    ["scan --video-signature", (special) => ["scan", "--video-signature", special, path("good.png")]],
    ["list create", (special) => ["list", "create", "-o", path("made.txt"), special]],
    ["list check", (special) => ["list", "check", special]],
    ["list convert", (special) => ["list", "convert", special, "--to", "plain", "-o", path("made.txt")]],
    ["index build", (special) => ["index", "build", special, "-o", path("made.idx")]],
    ["index info", (special) => ["index", "info", special]],
    ["index verify", (special) => ["index", "verify", special]],
    ["bank import", (special) => [...bank, path("known.bank"), special]],
    ["bank import --benign", (special) => [...bank, "--benign", special, path("known.bank"), path("list.txt")]],
    ["bank info", (special) => ["bank", "info", special]],
    ["bank create", (special) => ["bank", "create", special, "c"]],
    ["video match", (special) => ["video", "match", special, special]],
    ["evaluate", (special) => ["evaluate", "--generated", "0", special]],
    [
      "evaluate --unrelated",
      (special) => ["evaluate", "--generated", "0", "--attacks", "jpeg-90", "--unrelated", special, path("walked")],
    ],
    ["evaluate --distances", (special) => ["evaluate", "--distances", `a:64:10=${special}`, path("walked")]],
    ["index bench", (special) => ["index", "bench", special]],
    ["bank verify", (special) => ["bank", "verify", special]],
    ["bank export", (special) => ["bank", "export", "--to", "plain", "-o", path("made.txt"), special]],
  ];

  it.each(forms)("is refused by %s", async (_, args) => {
    for (const special of [path("pipe.png"), path("link.jpg"), "/dev/zero"]) {
      const { code, stderr } = await empreinte(args(special));
      expect({ special, code }).toEqual({ special, code: 2 });
      expect(stderr).toMatch(/pipe\.png|link\.jpg|\/dev\/zero/);
      expect(stderr).toMatch(/it is a (named pipe|device), not a file|is not a file|not a directory/);
    }
  });

  it.each([
    ["list create", (special) => ["list", "create", "-o", special, path("good.png")]],
    ["list convert", (special) => ["list", "convert", path("list.txt"), "--to", "plain", "-o", special]],
    ["index build", (special) => ["index", "build", path("list.txt"), "-o", special]],
    ["bank export", (special) => ["bank", "export", "--to", "plain", "-o", special, path("known.bank")]],
  ] as typeof forms)("is not replaced by %s", async (_, args) => {
    for (const special of [path("pipe.png"), path("link.jpg")]) {
      const { code, stderr } = await empreinte(args(special));
      expect({ special, code }).toEqual({ special, code: 2 });
      expect(stderr).toMatch(/(pipe\.png|link\.jpg) cannot be written: it is a named pipe, not a file/);
    }
    expect(lstatSync(path("pipe.png")).isFIFO()).toBe(true);
    expect(lstatSync(path("link.jpg")).isSymbolicLink()).toBe(true);
  });

  it("is no output either where the shell has opened it", async () => {
    const { code, stderr } = await empreinte(["list", "create", "-o", "/dev/stdout", path("good.png")]);
    expect(code).toBe(2);
    expect(stderr).toContain("/dev/stdout cannot be written: write - for standard output");
    expect(lstatSync("/dev/stdout").isSymbolicLink()).toBe(true);
  });

  it("does not hold up an evaluation where it has the name of the state", async () => {
    mkdirSync(path("report"));
    execFileSync("mkfifo", [path("report", "state.jsonl")]);
    const args = ["evaluate", "--report", path("report"), "--attacks", "jpeg-90", "--generated", "0", path("walked")];
    const { code, stderr } = await empreinte(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/state\.jsonl cannot be written: it is a named pipe, not a file/);
    expect(await empreinte([...args, "--restart"])).toMatchObject({ code: 2, stderr: /pipe\.mp4/ });
    expect(lstatSync(path("report", "state.jsonl")).isFile()).toBe(true);
  });

  it.each([
    ["hash", () => ["hash", path("walked")]],
    ["scan", () => ["scan", "--list", path("list.txt"), path("walked")]],
    ["list create", () => ["list", "create", "-o", path("made.txt"), path("walked")]],
    ["bank import --benign", () => [...bank, "--benign", path("walked"), path("known.bank"), path("list.txt")]],
  ] as [string, () => string[]][])("is named by %s where it is in a walked folder", async (_, args) => {
    const { code, stderr } = await empreinte(args());
    expect(code).toBe(2);
    for (const name of ["pipe.mp4", "socket.txt", "zero.jpg"]) {
      expect(stderr).toMatch(
        new RegExp(`walked/${name}:? cannot be read: it is a (named pipe|socket|device), not a file`),
      );
    }
  });

  it("leaves a bank as it was, where it was among the benign images", async () => {
    const { stdout } = await empreinte(["bank", "list", path("known.bank"), "--json"]);
    expect(stdout).toBe("");
  });
});
