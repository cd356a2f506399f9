import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { hostCompiler, type Toolchain, usable, Workshop } from "../support/native.ts";
import { root, succeed, which } from "../support/run.ts";

// The core's own test programs, without Node: built here, run on this processor, on emulated ones, and under sanitizers.
const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const minutes = { timeout: 15 * 60_000 };
const here = process.arch === "arm64" ? "arm64" : "x64";
const host: Toolchain = { compiler: hostCompiler() ?? "g++", arch: here, flags: ["-O2"] };
const sanitized: Toolchain = {
  ...host,
  flags: ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"],
};
const arm: Toolchain = { compiler: "aarch64-linux-gnu-g++", arch: "arm64", flags: ["-O2", "-static"] };

const kat = "test/native/kat.cc";
const lists = "test/native/lists.cc";
let records: Buffer;

beforeAll(async () => {
  const { execFile } = await import("node:child_process");
  records = await new Promise((resolve, reject) => {
    const options = { cwd: root, encoding: "buffer", maxBuffer: 2 ** 30 } as const;
    execFile(process.execPath, ["test/native/records.mjs"], options, (error, out) =>
      error ? reject(error) : resolve(out),
    );
  });
});

async function need(ctx: TestContext, toolchain: Toolchain, ...programs: string[]): Promise<void> {
  for (const program of programs) if (which(program) === undefined) ctx.skip(`skipped: needs ${program}`);
  if (!(await usable(toolchain))) ctx.skip(`skipped: needs ${toolchain.compiler} with ${toolchain.flags.join(" ")}`);
}

/** Runs the known answers and tells which kernels were checked, and which the processor lacks. */
async function answers(program: string, ...before: string[]): Promise<Record<string, boolean>> {
  const [command, ...args] = [...before, program];
  const said = await succeed(command!, args, { input: records });
  expect(said).toMatch(/^102 vectors, 0 failures$/m);
  const lines = [...said.matchAll(/^(\w+): (checked|not on this processor)$/gm)];
  return Object.fromEntries(lines.map(([, name, state]) => [name!, state === "checked"]));
}

describe("the known answers, 102 vectors on every kernel", () => {
  test("on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    const kernels = await answers(await workshop.program(host, kat));
    expect(kernels).toMatchObject({ portable: true });
    expect(Object.keys(kernels)).toEqual(here === "x64" ? ["avx512", "avx2", "portable"] : ["neon", "portable"]);
  });

  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await answers(await workshop.program(sanitized, kat))).toMatchObject({ portable: true });
  });

  test("on an emulated arm64 processor, with NEON", minutes, async (ctx) => {
    await need(ctx, arm, "qemu-aarch64");
    const program = await workshop.program(arm, kat);
    expect(await answers(program, "qemu-aarch64")).toEqual({ neon: true, portable: true });
  });

  test("on an emulated x86-64 processor with AVX2 and no AVX-512 (Haswell)", minutes, async (ctx) => {
    if (here !== "x64") ctx.skip("skipped: needs an x86-64 machine");
    await need(ctx, host, "qemu-x86_64");
    const program = await workshop.program(host, kat);
    const kernels = await answers(program, "qemu-x86_64", "-cpu", "Haswell");
    expect(kernels).toEqual({ avx512: false, avx2: true, portable: true });
  });

  // An instruction of a newer processor anywhere outside its kernel ends this one with SIGILL.
  test("on an emulated x86-64 processor without AVX (Nehalem)", minutes, async (ctx) => {
    if (here !== "x64") ctx.skip("skipped: needs an x86-64 machine");
    await need(ctx, host, "qemu-x86_64");
    const program = await workshop.program(host, kat);
    const kernels = await answers(program, "qemu-x86_64", "-cpu", "Nehalem");
    expect(kernels).toEqual({ avx512: false, avx2: false, portable: true });
  });
});

describe("the list parsers", () => {
  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    if (!existsSync(join(root, lists))) ctx.skip(`skipped: needs ${lists}`);
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, lists), [])).toMatch(/\b0 failures$/m);
  });
});

describe("the fast way", () => {
  test("never answers differently from the exact way, and stays within its bound", minutes, async (ctx) => {
    await need(ctx, host);
    const program = await workshop.program(host, "test/native/ways.cc");
    const said = await succeed(program, ["12", "3", "900"]);
    expect(said).toMatch(/^0 pictures with another answer than the exact way/m);
  });

  test("reads and writes inside its buffers at every size from 5 to 140 pixels", minutes, async (ctx) => {
    await need(ctx, sanitized);
    const said = await succeed(await workshop.program(sanitized, "test/native/sizes.cc"), []);
    expect(said).toMatch(/\b0 failures$/m);
  });
});

describe("division by a window", () => {
  test("is true division for every mantissa and every window", minutes, async (ctx) => {
    await need(ctx, host);
    const said = await succeed(await workshop.program(host, "test/native/division.cc"), []);
    expect(said).not.toMatch(/: [1-9]\d* quotients/);
    expect(said).toMatch(/differ|not on/);
  });

  test("is true division on an emulated arm64 processor", minutes, async (ctx) => {
    await need(ctx, arm, "qemu-aarch64");
    const program = await workshop.program(arm, "test/native/division.cc");
    expect(await succeed("qemu-aarch64", [program, "61"])).toMatch(/^neon: 0 quotients differ/m);
  });
});
