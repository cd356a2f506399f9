/** Names of files, and folders, as a file system may have them. */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { empreinteProcess, folder, jsonLines, known, main, makeImage } from "../../support/cli.ts";
import { run, which } from "../../support/run.ts";

const here = folder();
const scene = known("scenergb-65x63");
const scenePath = await makeImage(scene.id, join(here, "scene.png"));
const windows = process.platform === "win32";

describe.skipIf(windows)("names", () => {
  const names = [
    "new\nline.png",
    "back\\slash.png",
    "\u001b[31mred.png",
    "tab\t.png",
    "\u009bcsi.png",
    " spaces  .png",
    "-.png",
    "é漢.png",
  ];
  const odd = join(here, "names");
  beforeAll(() => {
    mkdirSync(odd);
    for (const name of names) copyFileSync(scenePath, join(odd, name));
  });

  it("are escaped in text as sha256sum does, one line a file", async () => {
    const { code, stdout } = await empreinteProcess(["hash", odd]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(names.length);
    const start = `${scene.hash}  ${scene.quality}  ${odd}/`;
    expect(lines.sort()).toEqual(
      [
        `${start} spaces  .png`,
        `${start}-.png`,
        `${start}é漢.png`,
        `\\${start}new\\nline.png`,
        `\\${start}back\\\\slash.png`,
        `\\${start}\\x1b[31mred.png`,
        `\\${start}tab\\t.png`,
        `\\${start}\\xc2\\x9bcsi.png`,
      ].sort(),
    );
    expect(code).toBe(0);
  });

  it("agree with sha256sum's own escapes", async (ctx) => {
    if (!which("sha256sum")) ctx.skip("skipped: needs sha256sum");
    for (const name of ["new\nline.png", "back\\slash.png", " spaces  .png"]) {
      const theirs = await run("sha256sum", [join(odd, name)]);
      const ours = await empreinteProcess(["hash", join(odd, name)]);
      expect(ours.stdout.replace(/[0-9a-f]{64} {2}\d+/, "")).toBe(theirs.stdout.replace(/[0-9a-f]{64}/, ""));
    }
  });

  it("are whole in JSON", async () => {
    const { stdout } = await empreinteProcess(["hash", "--json", odd]);
    const paths = jsonLines<{ path: string }>(stdout).map(({ path }) => basename(path));
    expect(paths.sort()).toEqual([...names].sort());
  });

  it("are escaped in matches and in errors", async () => {
    const list = join(here, "list\nname.txt");
    writeFileSync(list, `${scene.hash},meta\tdata \u001b[2J\n`);
    const { code, stdout, stderr } = await empreinteProcess([
      "scan",
      "--list",
      list,
      join(odd, "new\nline.png"),
      join(odd, "no\nsuch"),
    ]);
    expect(stdout).toBe(
      `\\${odd}/new\\nline.png\tmatch\t0\t${here}/list\\nname.txt:1\torig\t-\tmeta\\tdata \\x1b[2J\n`,
    );
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain("no\\nsuch: ");
    expect(code).toBe(2);
  });

  it("of lists are escaped in every problem of a line, and in the count of those that are not shown", async () => {
    const list = join(here, "bad\u001b[2J\u0007\nlist.txt");
    writeFileSync(list, `${scene.hash}\n${"not a hash\n".repeat(30)}`);
    const shown = `${here}/bad\\x1b[2J\\x07\\nlist.txt`;
    for (const command of [
      ["scan", "--list", list, scenePath],
      ["index", "build", list, "-o", join(here, "escaped.idx")],
      ["list", "check", list],
    ]) {
      const { stdout, stderr } = await empreinteProcess(command);
      // Of all control characters only ends of lines and the tabs between columns are printed.
      const controls = Array.from(stdout + stderr).filter((one) => one < " " && one !== "\n" && one !== "\t");
      expect(controls).toEqual([]);
      expect(stdout + stderr).not.toContain("\t[");
      const about = /^empreinte: (10 more problems|.*escaped\.idx: .*)$/;
      const lines = stderr
        .trimEnd()
        .split("\n")
        .filter((line) => !about.test(line));
      expect(lines.length).toBeGreaterThanOrEqual(20);
      for (const line of lines) expect(line).toContain(shown);
    }
  });

  it("that are not UTF-8 are read, and given whole in base64", async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs a file system that takes any bytes");
    const bytes = folder();
    const path = Buffer.concat([Buffer.from(`${bytes}/`), Buffer.from([0x66, 0xff, 0xfe]), Buffer.from(".png")]);
    copyFileSync(scenePath, path);
    const text = await empreinteProcess(["hash", bytes]);
    expect(text).toMatchObject({ code: 0, stdout: `\\${scene.hash}  ${scene.quality}  ${bytes}/f\\xff\\xfe.png\n` });
    const json = await empreinteProcess(["hash", "--json", bytes]);
    expect(JSON.parse(json.stdout)).toMatchObject({ hash: scene.hash, pathBase64: path.toString("base64") });
  });
});

describe.skipIf(windows)("folders", () => {
  it("that cannot be read are named, and the rest goes on", async () => {
    const some = folder();
    copyFileSync(scenePath, join(some, "good.png"));
    // Permissions do not stop root, so: a dangling link, a link to itself, and a path through a file.
    symlinkSync(join(some, "nowhere"), join(some, "dangling.png"));
    symlinkSync(join(some, "self"), join(some, "self"));
    const { code, stdout, stderr } = await empreinteProcess(["hash", some, join(scenePath, "through-a-file")]);
    expect(stdout).toBe(`${scene.hash}  ${scene.quality}  ${some}/good.png\n`);
    expect(stderr).toMatch(/dangling\.png: cannot be read: ENOENT, no such file or directory$/m);
    expect(stderr).toMatch(/self: .*ELOOP/);
    expect(stderr).toMatch(/through-a-file: .*ENOTDIR/);
    expect(code).toBe(2);
  });

  it("without permission are named, and the rest goes on", async (ctx) => {
    if (process.getuid?.() === 0 && !which("setpriv")) ctx.skip("skipped: needs a user who is not root, or setpriv");
    const { chmodSync } = await import("node:fs");
    const some = folder();
    chmodSync(some, 0o755);
    copyFileSync(scenePath, join(some, "good.png"));
    mkdirSync(join(some, "closed"));
    copyFileSync(scenePath, join(some, "closed", "inside.png"));
    copyFileSync(scenePath, join(some, "unreadable.png"));
    chmodSync(join(some, "unreadable.png"), 0);
    chmodSync(join(some, "closed"), 0);
    const command = [process.execPath, main, "hash", some];
    const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...command];
    const [program, ...args] = process.getuid?.() === 0 ? asNobody : command;
    // Whether the other user can run the command at all must not be read from what is tested.
    const version = await run(program!, [...args.slice(0, -2), "--version"]);
    if (version.code !== 0) ctx.skip("skipped: another user cannot read this checkout");
    const { code, stdout, stderr } = await run(program!, args);
    chmodSync(join(some, "closed"), 0o755);
    expect(stdout).toBe(`${scene.hash}  ${scene.quality}  ${some}/good.png\n`);
    expect(stderr).toMatch(/closed: .*EACCES/);
    expect(stderr).toMatch(/unreadable\.png: .*EACCES/);
    expect(code).toBe(2);
  });

  it("linked in a circle end, and a socket, pipe or link to another folder in them is named", async (ctx) => {
    const some = folder();
    copyFileSync(scenePath, join(some, "good.png"));
    mkdirSync(join(some, "sub"));
    symlinkSync(some, join(some, "sub", "up"));
    symlinkSync(folder(), join(some, "elsewhere"));
    symlinkSync(scenePath, join(some, "sub", "link.png"));
    const server = createServer().listen(join(some, "socket.png"));
    if (!which("mkfifo")) ctx.skip("skipped: needs mkfifo");
    await run("mkfifo", [join(some, "pipe.png")]);
    const { code, stdout, stderr } = await empreinteProcess(["hash", some]);
    server.close();
    expect(stderr.split("\n").filter((line) => line.includes("cannot be read"))).toEqual([
      `empreinte: ${some}/elsewhere: cannot be read: it is a link to a folder, which is not entered`,
      `empreinte: ${some}/pipe.png: cannot be read: it is a named pipe, not a file`,
      `empreinte: ${some}/socket.png: cannot be read: it is a socket, not a file`,
    ]);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.slice(line.indexOf("/"))),
    ).toEqual([`${some}/good.png`, `${some}/sub/link.png`]);
    expect(code).toBe(2);
  });

  it("a pipe that the shell has opened is read", async (ctx) => {
    const bash = which("bash");
    if (!bash) return ctx.skip("skipped: needs bash");
    const { code, stdout } = await run(bash, ["-c", `"$0" "$1" hash <(cat "$2")`, process.execPath, main, scenePath]);
    expect(stdout).toMatch(new RegExp(`^${scene.hash}  ${scene.quality}  /dev/fd/\\d+\\n$`));
    expect(code).toBe(0);
  });

  it("an empty one is no trouble", async () => {
    expect(await empreinteProcess(["hash", folder()])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });
});
