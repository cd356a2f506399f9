/** What a terminal, a shell and a file system can do to the command. */
import { spawn } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { empreinte, folder, jsonLines, known, main, picture } from "../support/cli.ts";
import { root, run, which } from "../support/run.ts";

const here = folder();
const scene = known("scenergb-65x63");
const scenePath = await picture(scene.id, join(here, "scene.png"));
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
    const { code, stdout } = await empreinte(["hash", odd]);
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
      const ours = await empreinte(["hash", join(odd, name)]);
      expect(ours.stdout.replace(/[0-9a-f]{64} {2}\d+/, "")).toBe(theirs.stdout.replace(/[0-9a-f]{64}/, ""));
    }
  });

  it("are whole in JSON", async () => {
    const { stdout } = await empreinte(["hash", "--json", odd]);
    const paths = jsonLines<{ path: string }>(stdout).map(({ path }) => basename(path));
    expect(paths.sort()).toEqual([...names].sort());
  });

  it("are escaped in matches and in errors", async () => {
    const list = join(here, "list\nname.txt");
    writeFileSync(list, `${scene.hash},meta\tdata \u001b[2J\n`);
    const { code, stdout, stderr } = await empreinte([
      "scan",
      "--list",
      list,
      join(odd, "new\nline.png"),
      join(odd, "no\nsuch"),
    ]);
    expect(stdout).toBe(`\\${odd}/new\\nline.png\t0\t${here}/list\\nname.txt:1\torig\tmeta\\tdata \\x1b[2J\n`);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain("no\\nsuch: ");
    expect(code).toBe(2);
  });

  it("that are not UTF-8 are read, and given whole in base64", async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs a file system that takes any bytes");
    const bytes = folder();
    const path = Buffer.concat([Buffer.from(`${bytes}/`), Buffer.from([0x66, 0xff, 0xfe]), Buffer.from(".png")]);
    copyFileSync(scenePath, path);
    const text = await empreinte(["hash", bytes]);
    expect(text).toMatchObject({ code: 0, stdout: `\\${scene.hash}  ${scene.quality}  ${bytes}/f\\xff\\xfe.png\n` });
    const json = await empreinte(["hash", "--json", bytes]);
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
    const { code, stdout, stderr } = await empreinte(["hash", some, join(scenePath, "through-a-file")]);
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
    const { code, stdout, stderr } = await run(program!, args);
    chmodSync(join(some, "closed"), 0o755);
    if (stderr.includes("MODULE_NOT_FOUND") || stderr.includes("EACCES") === false) {
      ctx.skip("skipped: another user cannot read this checkout");
    }
    expect(stdout).toBe(`${scene.hash}  ${scene.quality}  ${some}/good.png\n`);
    expect(stderr).toMatch(/closed: .*EACCES/);
    expect(stderr).toMatch(/unreadable\.png: .*EACCES/);
    expect(code).toBe(2);
  });

  it("linked in a circle end, and a socket or pipe in them is not opened", async (ctx) => {
    const some = folder();
    copyFileSync(scenePath, join(some, "good.png"));
    mkdirSync(join(some, "sub"));
    symlinkSync(some, join(some, "sub", "up"));
    symlinkSync(scenePath, join(some, "sub", "link.png"));
    const server = createServer().listen(join(some, "socket.png"));
    if (!which("mkfifo")) ctx.skip("skipped: needs mkfifo");
    await run("mkfifo", [join(some, "pipe.png")]);
    const { code, stdout } = await empreinte(["hash", some]);
    server.close();
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.slice(line.indexOf("/"))),
    ).toEqual([`${some}/good.png`, `${some}/sub/link.png`]);
    expect(code).toBe(0);
  });

  it("a pipe that is named is read", async (ctx) => {
    const bash = which("bash");
    if (!bash) return ctx.skip("skipped: needs bash");
    const { code, stdout } = await run(bash, ["-c", `"$0" "$1" hash <(cat "$2")`, process.execPath, main, scenePath]);
    expect(stdout).toMatch(new RegExp(`^${scene.hash}  ${scene.quality}  /dev/fd/\\d+\\n$`));
    expect(code).toBe(0);
  });

  it("an empty one is no trouble", async () => {
    expect(await empreinte(["hash", folder()])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });
});

/** A folder of so many pictures that the work takes a while. */
function many(count: number): string {
  const path = folder();
  for (let i = 0; i < count; i++) copyFileSync(scenePath, join(path, `${String(i).padStart(5, "0")}.png`));
  return path;
}

const whole = new RegExp(`^(${scene.hash}  ${scene.quality}  [^\\n]+\\n)*$`);

describe.skipIf(windows)("the reader", () => {
  it("that goes away (| head -1) is not an error", async () => {
    const path = many(500);
    for (const args of [["hash"], ["hash", "--json"], ["hash", "--dihedral"]]) {
      const child = spawn(process.execPath, [main, ...args, path], { stdio: ["ignore", "pipe", "pipe"] });
      let stderr = "";
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.stdout.once("data", () => child.stdout.destroy());
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
  });

  it("in a real pipeline leaves 0 for the command", async (ctx) => {
    const bash = which("bash");
    if (!bash) return ctx.skip("skipped: needs bash");
    const script = `"$0" "$1" hash "$2" | head -1; echo "\${PIPESTATUS[0]}"`;
    const path = many(300);
    writeFileSync(join(path, "0.txt"), "passed over");
    const { stdout, stderr } = await run(bash, ["-c", script, process.execPath, main, path]);
    expect(stdout).toMatch(new RegExp(`^${scene.hash}.*\\n0\\n$`));
    expect(stderr).toBe("");
  });

  it("that is full (/dev/full) is trouble", async (ctx) => {
    if (!existsSync("/dev/full")) ctx.skip("skipped: needs /dev/full");
    const { code, stderr } = await run("sh", [
      "-c",
      `"$0" "$1" hash "$2" > /dev/full`,
      process.execPath,
      main,
      scenePath,
    ]);
    expect(stderr).toMatch(/standard output: .*ENOSPC/);
    expect(code).toBe(2);
  });
});

describe.skipIf(windows)("Ctrl-C", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("%s stops with 130 and whole lines only", async (signal) => {
    const path = many(3000);
    const child = spawn(process.execPath, [main, "hash", path], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.on("data", (chunk: Buffer) => {
      if (stdout === "") child.kill(signal);
      stdout += chunk.toString();
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    expect(stdout).toMatch(whole);
    const lines = stdout.split("\n").length - 1;
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThan(3000);
  });

  it("while standard input is still open", async () => {
    const child = spawn(process.execPath, [main, "hash", scenePath, "-"], { stdio: ["pipe", "pipe", "pipe"] });
    child.stdout.once("data", () => child.kill("SIGINT"));
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(130);
  });
});

describe.skipIf(windows)("a terminal", () => {
  /** Runs the command with standard output and error on a terminal, which `script` makes. */
  async function onTerminal(args: string, env: Record<string, string> = {}): Promise<string> {
    const command = `${process.execPath} ${main} ${args}`;
    const { NO_COLOR: _, ...rest } = process.env;
    return (await run("script", ["-qec", command, "/dev/null"], { env: { ...rest, TERM: "xterm", ...env } })).stdout;
  }
  const able = which("script") !== undefined && process.platform === "linux";

  it("gets progress with files, rate and time left; with --quiet it does not", async (ctx) => {
    if (!able) ctx.skip("skipped: needs script of util-linux");
    const path = many(1500);
    const shown = await onTerminal(`hash ${path}`);
    expect(shown).toMatch(/\r\u001b\[K[\d,]+ (of 1,500 )?files, [\d.]+ a second/);
    expect(shown).toMatch(/of 1,500 files, [\d.]+ a second, \d+ s left/);
    expect(shown.slice(-200)).toContain("1500 files, 0 failed");
    const quiet = await onTerminal(`hash --quiet ${path}`);
    expect(quiet).not.toMatch(/a second|\u001b/);
    expect(quiet.trimEnd().split("\n")).toHaveLength(1500);
  });

  it("gets colour, but not with NO_COLOR; a file never does", async (ctx) => {
    if (!able) ctx.skip("skipped: needs script of util-linux");
    expect(await onTerminal("hash /no/such")).toContain("\u001b[31m");
    expect(await onTerminal("hash /no/such", { NO_COLOR: "1" })).not.toContain("\u001b[3");
    expect(await onTerminal("hash /no/such", { TERM: "dumb" })).not.toContain("\u001b[3");
    expect((await empreinte(["hash", "/no/such"])).stderr).not.toContain("\u001b");
  });
});

describe("without the addon", () => {
  it("help is there, and every command says what to do", async () => {
    const bare = folder();
    cpSync(join(root, "dist"), join(bare, "dist"), { recursive: true });
    copyFileSync(join(root, "package.json"), join(bare, "package.json"));
    symlinkSync(join(root, "node_modules"), join(bare, "node_modules"), "junction");
    const bareMain = (...args: string[]) => run(process.execPath, [join(bare, "dist/cli/main.js"), ...args]);
    expect(await bareMain("scan", "--help")).toMatchObject({ code: 0, stderr: "" });
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

describe("shared pictures", () => {
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
      const { code, stdout } = await empreinte(["hash", "--json", "--dihedral", ...args, ...paths]);
      expect(code).toBe(0);
      return jsonLines<{ path: string; hash: string; quality: number; dihedral: Record<string, string> }>(stdout);
    };
    for (const [kind, got] of [
      ["core_fullres", await answers()],
      ["cli", await answers("--compat", "cpp-cli")],
    ] as const) {
      expect(
        got.map(({ hash, quality }) => [hash, String(quality)]),
        kind,
      ).toEqual(expected.map((row) => [row[`${kind}_hash`], row[`${kind}_quality`]]));
      for (const variant of ["rot90", "rot180", "rot270", "flipX", "flipY", "flipPlus1", "flipMinus1"]) {
        expect(got.map(({ dihedral }) => dihedral[variant])).toEqual(expected.map((row) => row[`${kind}_${variant}`]));
      }
    }
  });

  it("every photograph is hashed", async (ctx) => {
    const photos = join(root, "../shared/photos");
    if (!existsSync(photos)) ctx.skip("skipped: needs ../shared");
    const count = ["bsds-train", "kodak"].flatMap((name) => readdirSync(join(photos, name))).length;
    const { code, stdout } = await empreinte(["hash", "--json", "--quiet", photos]);
    const got = jsonLines<{ hash?: string; stable?: boolean }>(stdout);
    expect(got).toHaveLength(count);
    expect(got.every(({ hash, stable }) => hash?.length === 64 && stable === true)).toBe(true);
    expect(code).toBe(0);
  });
});
