/** What a terminal, a shell and a reader of the output can do to the command. */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { empreinteProcess, folder, known, main, makeImage } from "../../support/cli.ts";
import { run, which } from "../../support/run.ts";

const here = folder();
const scene = known("scenergb-65x63");
const scenePath = await makeImage(scene.id, join(here, "scene.png"));
const windows = process.platform === "win32";

/** A folder of so many images that the work takes a while. */
function many(count: number): string {
  const path = folder();
  for (let i = 0; i < count; i++) copyFileSync(scenePath, join(path, `${String(i).padStart(5, "0")}.png`));
  return path;
}

const whole = new RegExp(`^(${scene.hash}  ${scene.quality}  [^\\n]+\\n)*$`);

describe.skipIf(windows)("the reader", () => {
  it("that goes away (| head -1) is not an error", async () => {
    const path = many(500);
    for (const args of [["hash"], ["hash", "--json"], ["hash", "--orientations"]]) {
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
    writeFileSync(join(path, "0.txt"), "skipped");
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
    expect(shown.slice(-200)).toContain("1,500 files, 0 failed");
    const quiet = await onTerminal(`hash --quiet ${path}`);
    expect(quiet).not.toMatch(/a second|\u001b/);
    expect(quiet.trimEnd().split("\n")).toHaveLength(1500);
  });

  it("gets colour, but not with NO_COLOR; a file never does", async (ctx) => {
    if (!able) ctx.skip("skipped: needs script of util-linux");
    expect(await onTerminal("hash /no/such")).toContain("\u001b[31m");
    expect(await onTerminal("hash /no/such", { NO_COLOR: "1" })).not.toContain("\u001b[3");
    expect(await onTerminal("hash /no/such", { TERM: "dumb" })).not.toContain("\u001b[3");
    expect((await empreinteProcess(["hash", "/no/such"])).stderr).not.toContain("\u001b");
  });
});
