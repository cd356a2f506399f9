/** The unit of systemd, the container, and the list of components. */
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { needsLongRun } from "../../../test/support/long.ts";
import { root } from "../../../test/support/run.ts";
import { testServer } from "./support/server.ts";

const unit = join(root, "packages/server/deploy/empreinte-server.service");

test("systemd calls the sandbox of the unit safe", (ctx) => {
  const { error, stdout, stderr } = spawnSync("systemd-analyze", ["security", "--offline=true", "--no-pager", unit], {
    encoding: "utf8",
  });
  if (error !== undefined) ctx.skip("skipped: needs systemd-analyze");
  const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout);
  expect(exposure, stderr).not.toBeNull();
  // The network and the writable memory of V8 remain.
  expect(Number(exposure![1])).toBeLessThan(2.5);
});

test("the unit starts the command with options that it has", () => {
  const text = readFileSync(unit, "utf8");
  const options = [...text.matchAll(/ (--[\w-]+)/g)].map(([, option]) => option!);
  const program = join(root, "packages/server/dist/main.js");
  const { stdout } = spawnSync(process.execPath, [program, "--help"], { encoding: "utf8" });
  expect(options.length).toBeGreaterThan(3);
  for (const option of options) expect(stdout).toContain(option);
});

const containerfile = readFileSync(join(root, "packages/server/deploy/Containerfile"), "utf8");
/** The instructions, each on one line. */
const instructions = containerfile
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll(/\\\n\s*/g, "")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const);
const last = (name: string): string => instructions.findLast(([one]) => one === name)?.[1] ?? "";

describe("the container", () => {
  test("runs as nobody's user, writes only to its data, and ends by SIGTERM", () => {
    const user = instructions.findIndex(([name]) => name === "USER");
    expect(last("USER")).toMatch(/^[1-9]\d+:[1-9]\d+$/);
    expect(instructions.slice(user).map(([name]) => name)).not.toContain("RUN");
    expect(last("VOLUME")).toBe("/data");
    expect(last("STOPSIGNAL")).toBe("SIGTERM");
    expect(last("ENTRYPOINT")).toBe('["node", "/app/node_modules/empreinte-server/dist/main.js"]');
    const scripts = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }).scripts;
    const run = [...containerfile.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(run));
    expect(existsSync(join(root, /node (\.ci\/\S+)/.exec(containerfile)![1]!))).toBe(true);
  });

  test("sets options that the command has", () => {
    const variables = [...last("ENV").matchAll(/EMPREINTE_SERVER_(\w+)=(\S+)/g)];
    const flags = variables.flatMap(([, name, value]) => [`--${name!.toLowerCase().replaceAll("_", "-")}`, value!]);
    const program = join(root, "packages/server/dist/main.js");
    const { stdout } = spawnSync(process.execPath, [program, "--check-config", ...flags], { encoding: "utf8" });
    expect(JSON.parse(stdout)).toMatchObject({ data: "/data", listen: "0.0.0.0:5100", open: false });
    expect(last("EXPOSE")).toBe("5100");
  });

  test("is healthy while the service answers, and not afterwards", async (ctx) => {
    needsLongRun(ctx);
    const server = await testServer();
    const [, script] = JSON.parse(/CMD (.*)$/.exec(last("HEALTHCHECK"))![1]!).slice(1) as [string, string];
    const check = async (): Promise<number> => {
      const child = spawn(process.execPath, ["-e", script.replace("http://127.0.0.1:5100", server.url)]);
      return ((await once(child, "exit")) as [number])[0];
    };
    expect(await check()).toBe(0);
    await server.end();
    expect(await check()).toBe(1);
  });
});

describe("the service as it is installed", () => {
  const folder = mkdtempSync(join(tmpdir(), "empreinte-service-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("has a list of all its components, without those of development, and starts", (ctx) => {
    needsLongRun(ctx);
    const made: SpawnSyncReturns<string> = spawnSync(process.execPath, [join(root, ".ci/server-tree.mjs"), folder], {
      encoding: "utf8",
    });
    if (made.stderr.includes("ENOTFOUND")) ctx.skip("skipped: needs the package registry");
    expect(made.status, made.stderr).toBe(0);
    const text = readFileSync(join(folder, "sbom.cdx.json"), "utf8");
    const bom = JSON.parse(text) as {
      bomFormat: string;
      metadata: { component: object };
      components: { name: string }[];
    };
    expect(bom).toMatchObject({ bomFormat: "CycloneDX", metadata: { component: { name: "empreinte-server" } } });
    const names = bom.components.map(({ name }) => name);
    const installed = Object.keys(
      (JSON.parse(readFileSync(join(folder, "node_modules/.package-lock.json"), "utf8")) as { packages: object })
        .packages,
    ).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
    expect(new Set([...names, "empreinte-server"])).toEqual(new Set([...installed, "empreinte-core"]));
    expect(names).not.toContain("vitest");
    expect(text).not.toContain(tmpdir());
    // A release packs the addon of each platform. Here it is the one that the tests use.
    const addon = "build/Release/empreinte.node";
    cpSync(join(root, addon), join(folder, "node_modules/empreinte", addon));
    const program = join(folder, "node_modules/empreinte-server/dist/main.js");
    const { stdout, stderr } = spawnSync(process.execPath, [program, "--version"], { encoding: "utf8" });
    expect(stdout.trim(), stderr).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
