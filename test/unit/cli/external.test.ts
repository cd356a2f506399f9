/** Commands of other packages: empreinte NAME runs empreinte-NAME. */
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { empreinte, empreinteProcess, folder, main } from "../../support/cli.ts";
import { root, run } from "../../support/run.ts";

const path = process.env["PATH"] ?? "";

describe("a command of another package", () => {
  it("that is not installed: the package is named, and the status is 2", async () => {
    for (const [name, packageName] of [
      ["server", "empreinte-server"],
      ["exchange", "empreinte-exchange"],
      ["watch", "empreinte-exchange"],
      ["cluster", "empreinte-cluster"],
    ] as const) {
      const { code, stdout, stderr } = await empreinte([name, "--help"]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(`npm install ${packageName}`);
    }
  });

  it("that nobody knows is wrong usage", async () => {
    expect(await empreinteProcess(["frobnicate"])).toMatchObject({ code: 64, stdout: "" });
    expect(await empreinteProcess(["../evil"])).toMatchObject({ code: 64, stdout: "" });
  });

  it("is started from the package beside this one, with arguments, streams and exit status", async () => {
    const modules = join(folder(), "node_modules");
    const own = join(modules, "empreinte");
    const server = join(modules, "empreinte-server");
    cpSync(join(root, "dist/cli"), join(own, "dist/cli"), { recursive: true });
    for (const leaf of ["without-hashes.js", "control-characters.js", "lists/formats/origins.js"]) {
      cpSync(join(root, "dist", leaf), join(own, "dist", leaf));
    }
    copyFileSync(join(root, "package.json"), join(own, "package.json"));
    mkdirSync(server);
    writeFileSync(
      join(server, "package.json"),
      JSON.stringify({
        name: "empreinte-server",
        type: "module",
        bin: { "empreinte-server": "run.js", "empreinte-watch": "no.js" },
      }),
    );
    const script = `for await (const chunk of process.stdin) process.stdout.write(chunk);
      console.error(JSON.stringify(process.argv.slice(2)));
      process.exitCode = 7;`;
    writeFileSync(join(server, "run.js"), script);
    const args = [join(own, "dist/cli/main.js"), "server", "--port", "80", "--help", "a b"];
    expect(await run(process.execPath, args, { input: "some text" })).toEqual({
      code: 7,
      signal: null,
      stdout: "some text",
      stderr: `${JSON.stringify(["--port", "80", "--help", "a b"])}\n`,
    });
    // Without this repository's own programs on PATH.
    const help = await run(process.execPath, [args[0]!, "--help"], { env: { ...process.env, PATH: modules } });
    expect(help.stdout).toMatch(/^ {2}server .*Installed\.$/m);
    expect(help.stdout).toMatch(/^ {2}cluster .*Needs the package empreinte-cluster\.$/m);

    // The threads of the watch share an arena, unless the user wants another number of them.
    const exchange = join(modules, "empreinte-exchange");
    mkdirSync(exchange);
    writeFileSync(join(exchange, "package.json"), JSON.stringify({ bin: { "empreinte-watch": "run.mjs" } }));
    writeFileSync(join(exchange, "run.mjs"), "console.log(process.env.MALLOC_ARENA_MAX);");
    const { MALLOC_ARENA_MAX: _, ...without } = process.env;
    const watch = async (env: NodeJS.ProcessEnv): Promise<string> =>
      (await run(process.execPath, [args[0]!, "watch"], { env })).stdout;
    expect(await watch(without)).toBe("1\n");
    expect(await watch({ ...without, MALLOC_ARENA_MAX: "3" })).toBe("3\n");
  });

  describe.skipIf(process.platform === "win32")("on PATH", () => {
    const programs = folder();
    const program = (name: string, text: string): void => {
      writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(programs, name), 0o755);
    };
    const env = { ...process.env, PATH: `${programs}${delimiter}${path}` };

    it("is started, whatever its name; our own commands come first", async () => {
      program("empreinte-greet", 'echo "hello $1"; exit 3');
      program("empreinte-hash", "echo never");
      expect(await empreinteProcess(["greet", "Ada"], { env })).toMatchObject({ code: 3, stdout: "hello Ada\n" });
      const hash = await empreinteProcess(["hash", "--help"], { env });
      expect(hash.stdout).toMatch(/^empreinte hash: /);
    });

    it("gets SIGTERM, and its end by a signal is ours, as a shell says it", async () => {
      program("empreinte-wait", 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done');
      const child = spawn(process.execPath, [main, "wait"], { env, stdio: ["ignore", "pipe", "inherit"] });
      child.stdout.once("data", () => child.kill("SIGTERM"));
      expect(await new Promise((resolve) => child.on("close", resolve))).toBe(9);
      program("empreinte-fall", "kill -KILL $$");
      expect((await empreinteProcess(["fall"], { env })).code).toBe(128 + 9);
    });
  });
});
