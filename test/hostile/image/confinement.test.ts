/** What a decoder process may not do, tried from inside: the system refuses it, whatever code runs there. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decoderConfinement } from "../../../dist/image/isolation/confinement.js";
import { confinedDecoder } from "../../../dist/image/isolation/pool.js";
import { hashImage } from "../../../dist/index.js";
import { endChild, startChild } from "../../../dist/processes/child-process.js";
import { type Confinement, programPaths } from "../../../dist/processes/confinement.js";
import { bmp, coloured } from "../../support/image/bmp.ts";
import { cjxl, heifEnc, missing, opj } from "../../support/image/encoders.ts";
import { plane } from "../../support/image/samples.ts";
import { kernelRules, noKernelRules } from "../../support/kernel-rules.ts";
import { root, run } from "../../support/run.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "empreinte-confinement-"));
const secret = join(folder, "secret");
/** A server to which a child connects, and which does not care how it ends. */
const greeter = (): Server => createServer((socket) => socket.on("error", () => {}).end("hello"));
const [server, local] = [greeter(), greeter()];
let port: number;

beforeAll(async () => {
  fs.writeFileSync(secret, "secret");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => local.listen(join(folder, "socket"), resolve));
  ({ port } = server.address() as { port: number });
});
afterAll(() => {
  server.close();
  local.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Which parts of a confinement this system has. */
const here = process.platform === "linux" ? await confinedDecoder() : { limits: false, files: false, network: false };
const noRules = "skipped: needs Linux with Landlock";
const noFilter = "skipped: needs Linux with seccomp on x64 or arm64";

// The tests below are skipped where the system has no rules. This one fails where it has them and they do not hold.
test("all rules that the kernel has hold for a process that decodes images", async (ctx) => {
  const kernel = await kernelRules();
  if (kernel === undefined) return ctx.skip(noKernelRules);
  expect(here).toEqual({ limits: true, ...kernel });
});

/** What is tried. Each throws, or rejects, with what the system says. */
const attempts = {
  files: {
    "read a file": `fs.readFileSync(at("secret"))`,
    "read a file on a thread of the pool": `fs.promises.readFile(at("secret"))`,
    "read a file on another thread": `new Promise((resolve, reject) => {
      const code = "require('fs').readFileSync(require('worker_threads').workerData)";
      new worker.Worker(code, { eval: true, workerData: at("secret") }).on("error", reject).on("exit", resolve);
    })`,
    "list a folder": `fs.readdirSync(at("."))`,
    "write to a file": `fs.openSync(at("secret"), "r+")`,
    "make a file": `fs.openSync(at("made"), "w")`,
    "make a folder": `fs.mkdirSync(at("folder"))`,
    "make a link": `fs.symlinkSync("secret", at("link"))`,
    "rename a file": `fs.renameSync(at("old"), at("new"))`,
    "remove a file": `fs.unlinkSync(at("gone"))`,
    "read the variables of its parent": `fs.readFileSync("/proc/" + process.ppid + "/environ")`,
    "let another program read a file": `must(child.spawnSync("cat", [at("secret")]))`,
  },
  network: {
    "connect to a port": `connected({ port: ${"PORT"}, host: "127.0.0.1" })`,
    "connect to a socket of this system": `connected({ path: at("socket") })`,
    "listen on a port": `new Promise((resolve, reject) => net.createServer().on("error", reject).listen(0, resolve))`,
    "ask a name server": `new Promise((resolve, reject) => {
      const socket = dgram.createSocket("udp4").on("error", reject);
      socket.send("x", 53, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
    })`,
    "send a signal to its parent": `process.kill(process.ppid, 0)`,
    "change the mode of a file": `fs.chmodSync(at("secret"), 0o644)`,
    "change the times of a file": `fs.utimesSync(at("secret"), 1, 1)`,
  },
} as const;

/** Tries all of a kind in a process of Node.js, and returns the code of each error, or "done". */
async function tried(kind: keyof typeof attempts, confinement: Confinement | undefined): Promise<[string, string][]> {
  for (const name of ["old", "gone"]) fs.writeFileSync(join(folder, name), name);
  for (const name of ["made", "folder", "link", "new"]) fs.rmSync(join(folder, name), { recursive: true, force: true });
  const program = `
    const [fs, net, dgram, child, worker] = ["fs", "net", "dgram", "child_process", "worker_threads"].map(require);
    const at = (name) => ${JSON.stringify(folder)} + "/" + name;
    const must = ({ status, error, stderr }) => {
      if (status === 0) return;
      throw error ?? Object.assign(new Error(), { code: /denied/.test(stderr) ? "EACCES" : String(stderr) });
    };
    const connected = (to) => new Promise((resolve, reject) => net.connect(to, resolve).on("error", reject));
    const attempts = { ${Object.entries(attempts[kind])
      .map(([name, code]) => `${JSON.stringify(name)}: () => ${code.replace("PORT", String(port))}`)
      .join(",\n")} };
    (async () => {
      const made = [];
      for (const [name, attempt] of Object.entries(attempts)) {
        try {
          await attempt();
          made.push([name, "done"]);
        } catch (error) {
          made.push([name, error.code ?? String(error)]);
        }
      }
      process.stdout.write(JSON.stringify(made), () => process.exit());
    })();`;
  const child = startChild(process.execPath, ["--disable-wasm-trap-handler", "-e", program], { confinement });
  try {
    const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(errors).toBe("");
    return JSON.parse(said) as [string, string][];
  } finally {
    await endChild(child);
  }
}

const expected = (kind: keyof typeof attempts, outcome: string): [string, string][] =>
  Object.keys(attempts[kind]).map((name) => [name, outcome]);

describe("from inside a decoder process", () => {
  test("no file of the user is read, listed, made, changed or removed, on any thread", async (ctx) => {
    if (!here.files) return ctx.skip(noRules);
    expect(await tried("files", undefined)).toEqual(expected("files", "done"));
    const refused = await tried("files", decoderConfinement());
    expect(refused).toEqual(expected("files", "EACCES"));
    expect(fs.readdirSync(folder).toSorted()).toEqual(["gone", "old", "secret", "socket"]);
  });

  test("no socket is opened, no other process gets a signal, no file gets another mode or time", async (ctx) => {
    if (!here.network) return ctx.skip(noFilter);
    expect(await tried("network", undefined)).toEqual(expected("network", "done"));
    expect(await tried("network", decoderConfinement())).toEqual(expected("network", "EACCES"));
  });

  test("a child that is not to read files still reads the one that it is given", async (ctx) => {
    if (!here.files) return ctx.skip(noRules);
    const paths = programPaths(process.execPath);
    const program = `const fs = require("fs");
      process.stdout.write(fs.readFileSync("/proc/self/fd/3", "latin1"));
      try { fs.readFileSync(${JSON.stringify(secret)}); } catch (error) { process.stdout.write(" " + error.code); }
      try { fs.openSync("/proc/self/fd/3", "r+"); } catch (error) { process.stdout.write(" " + error.code); }`;
    fs.writeFileSync(join(folder, "given"), "given");
    const file = fs.openSync(join(folder, "given"), "r");
    const confinement = { limits: { memoryBytes: 2 ** 33, cpuSeconds: 60 }, paths };
    const child = startChild(process.execPath, ["-e", program], { confinement, file });
    fs.closeSync(file);
    expect(await text(child.stdout)).toBe("given EACCES EACCES");
    expect(child.confined).toEqual(here);
    await endChild(child);
    fs.rmSync(join(folder, "given"));
  });
});

/** The decoder processes of this test's process. */
function decoders(): string[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).trim().split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === process.pid && args.join(" ").includes("isolation/child.js"))
    .map(([pid]) => pid!);
}

describe("the decoder processes themselves", () => {
  const isolation = "process" as const;

  test("decode every format as this process does, the optional ones as well", async (ctx) => {
    const lacks = missing("heif-enc", "cjxl", "opj_compress");
    if (lacks !== undefined) return ctx.skip(lacks);
    const image = sharp(Buffer.from(plane(5, 160, 120)), { raw: { width: 160, height: 120, channels: 1 } });
    const png = await image.png().toBuffer();
    const files: Record<string, Buffer> = {
      heic: await heifEnc(png),
      jxl: await cjxl(png),
      jp2: await opj(png),
      bmp: bmp({ bits: 24 }, coloured(160, 120)),
      png,
    };
    for (const format of ["jpeg", "webp", "gif", "tiff", "avif"] as const)
      files[format] = await image[format]().toBuffer();
    for (const [format, file] of Object.entries(files)) {
      expect(await hashImage(file, { isolation }), format).toEqual(await hashImage(file));
    }
    const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="9"/></svg>`);
    await expect(hashImage(svg, { isolation })).rejects.toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
    if (!here.network) return;
    // Every thread of them is under the filter, those that were started while they decoded as well.
    const threads = decoders().flatMap((pid) =>
      fs
        .readdirSync(`/proc/${pid}/task`)
        .map((thread) => fs.readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1")),
    );
    expect(threads.length).toBeGreaterThan(8);
    for (const status of threads) {
      expect(status).toMatch(/^Seccomp:\t2$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    }
  });

  /** A copy of this package whose decoder process runs `code` first. */
  function changed(name: string, code: string): string {
    const copy = join(folder, name);
    fs.mkdirSync(copy);
    fs.cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true });
    for (const other of ["build", "node_modules", "package.json", "prebuilds"])
      if (fs.existsSync(join(root, other))) fs.symlinkSync(join(root, other), join(copy, other));
    const child = join(copy, "dist/image/isolation/child.js");
    fs.writeFileSync(child, `import * as fs from "node:fs";\n${code}\n${fs.readFileSync(child, "utf8")}`);
    return `
      import { hashImage } from ${JSON.stringify(join(copy, "dist/index.js"))};
      process.on("warning", ({ code, message }) => console.log(code, message));
      const made = await hashImage(process.argv[1], { isolation: "process" }).catch((error) => error);
      console.log(made.quality ?? [made.code, made.message].join(" "));
      await new Promise(setImmediate);`;
  }

  test("one that needs a file that it may not open starts without the rules, and a warning says so", async (ctx) => {
    if (!here.files) return ctx.skip(noRules);
    const image = join(folder, "image.png");
    await sharp(Buffer.from(plane(5, 64, 64)), { raw: { width: 64, height: 64, channels: 1 } })
      .png()
      .toFile(image);
    const program = changed("needs-a-file", `fs.readFileSync(${JSON.stringify(secret)});`);
    const { code, stdout } = await run(process.execPath, ["--input-type=module", "-e", program, image]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^EMPREINTE_UNCONFINED Decoder processes can open files and sockets here.*EACCES.*\n\d+\n$/);
  });

  test("one that never starts is an error, and not waited for", async () => {
    const image = join(folder, "image.png");
    await sharp(Buffer.from(plane(5, 64, 64)), { raw: { width: 64, height: 64, channels: 1 } })
      .png()
      .toFile(image);
    const program = changed("never-starts", `throw new Error("it is broken");`);
    const { code, stdout } = await run(process.execPath, ["--input-type=module", "-e", program, image]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^ERR_EMPREINTE_NATIVE_LOAD The process that decodes .* not start \(.*it is broken\)\n$/,
      ),
    });
  });
});
