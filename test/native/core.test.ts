import { execFile } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { hostCompiler, type Toolchain, usable, Workshop } from "../support/native.ts";
import { root, run, succeed, which } from "../support/run.ts";

// The core's own test programs, without Node: built here, run on this processor, on emulated ones, and under sanitizers.
const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const minutes = { timeout: 15 * 60_000 };
const here = process.arch === "arm64" ? "arm64" : "x64";
const host: Toolchain = { compiler: hostCompiler() ?? "g++", arch: here, flags: ["-O2", "-pthread"] };
const sanitized: Toolchain = {
  ...host,
  flags: "-O1 -g -pthread -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer".split(" "),
};
const arm: Toolchain = { compiler: "aarch64-linux-gnu-g++", arch: "arm64", flags: ["-O2", "-static"] };

const kat = "test/native/kat.cc";
const lists = "test/native/lists.cc";
let records: Buffer;

beforeAll(async () => {
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

/** A program under the thread sanitizer. */
async function threaded(ctx: TestContext, ...sources: string[]): Promise<string> {
  const threads: Toolchain = { ...host, flags: ["-O1", "-g", "-fsanitize=thread", "-pthread"] };
  await need(ctx, threads);
  const program = await workshop.program(threads, ...sources);
  // Where the kernel's address randomization and the sanitizer do not get along, no program starts.
  const { stderr } = await run(program, ["0", "0"]);
  if (/unexpected memory mapping/.test(stderr)) ctx.skip("skipped: needs a kernel the thread sanitizer works on");
  return program;
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

describe("every kernel against the portable one", () => {
  const sizes = "test/native/sizes.cc";

  test("sides near the borders of tiles and windows, rows with gaps, under the sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, sizes), [])).toMatch(/^1389 pictures, 0 failures$/m);
  });

  test("the same on an emulated arm64 processor", minutes, async (ctx) => {
    await need(ctx, arm, "qemu-aarch64");
    const program = await workshop.program(arm, sizes);
    expect(await succeed("qemu-aarch64", [program])).toMatch(/^1389 pictures, 0 failures$/m);
  });
});

describe("division by a window is a true division", () => {
  const division = "test/native/division.cc";
  const exact = /^\w+: 0 quotients differ from true division$/gm;

  test("every mantissa, on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    const said = (await succeed(await workshop.program(host, division), ["1"])).trim().split("\n");
    const absent = said.filter((line) => line.endsWith(": not on this processor"));
    if (absent.length === said.length) ctx.skip("skipped: needs a processor with AVX2 or NEON");
    expect(said.join("\n").match(exact)).toHaveLength(said.length - absent.length);
  });

  test("every 61st group of 16 mantissas, on an emulated arm64 processor", minutes, async (ctx) => {
    await need(ctx, arm, "qemu-aarch64");
    const program = await workshop.program(arm, division);
    expect((await succeed("qemu-aarch64", [program, "61"])).match(exact)).toHaveLength(1);
  });
});

// Arguments: pictures a family, seed, longest side.
describe("the automatic way answers as the exact one, for pictures chosen to be bad for it", () => {
  const ways = "test/native/methods.cc";
  const same = /^0 pictures with another answer than the exact way/m;

  test("on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    expect(await succeed(await workshop.program(host, ways), ["20", "7", "1500"])).toMatch(same);
  });

  test("on an emulated arm64 processor", minutes, async (ctx) => {
    await need(ctx, arm, "qemu-aarch64");
    expect(await succeed("qemu-aarch64", [await workshop.program(arm, ways), "2", "7", "500"])).toMatch(same);
  });
});

describe("the list parsers", () => {
  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, lists), [])).toMatch(/\b0 failures$/m);
  });
});

// Arguments: seed, rounds (with 16 tables, 8, 16 that grow into 13 of long chunks, and none in turn), steps a round.
describe("the search engine against brute force", () => {
  const engine = "test/native/engine.cc";
  const right = /^\d+ checks, [1-9]\d* states with tables, [1-9]\d* with long chunks, 0 failures$/m;

  test("on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    expect(await succeed(await workshop.program(host, engine), ["1", "8", "16"])).toMatch(right);
  });

  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, engine), ["2", "3", "6"])).toMatch(right);
  });

  test("on an emulated arm64 processor", minutes, async (ctx) => {
    await need(ctx, arm, "qemu-aarch64");
    const program = await workshop.program(arm, engine);
    expect(await succeed("qemu-aarch64", [program, "3", "3", "3"])).toMatch(right);
  });
});

// Arguments: seed, rows.
describe("the search engine where rows crowd, and with thousands of queries, against brute force", () => {
  const crowded = "test/native/crowded.cc";
  const right = /^[1-9]\d* checks, 0 failures$/m;

  test("on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    expect(await succeed(await workshop.program(host, crowded), ["1", "300000"])).toMatch(right);
  });

  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, crowded), ["2", "40000"])).toMatch(right);
  });
});

// Arguments: seed, rounds.
describe("the aligner of videos against what was done to them, and against brute force", () => {
  const video = "test/native/video.cc";
  const right = /^[1-9]\d+ checks of alignments, 0 failures$/m;

  test("on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    expect(await succeed(await workshop.program(host, video), ["1", "10"])).toMatch(right);
  });

  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, video), ["2", "3"])).toMatch(right);
  });
});

// Arguments: seed, rounds.
describe("variants of pictures that are meant to hurt", () => {
  const variants = "test/native/views.cc";
  const right = /^[1-9]\d+ checks of variants, 0 failures$/m;

  test("on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    expect(await succeed(await workshop.program(host, variants), ["1", "3"])).toMatch(right);
  });

  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, variants), ["2", "2"])).toMatch(right);
  });
});

// Arguments: seed, rounds.
describe("working copies, sketches and samples of views, on every kernel", () => {
  const reduce = "test/native/reduce.cc";
  const right = /^[1-9]\d+ checks of reduced pictures, 0 failures$/m;

  test("on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    expect(await succeed(await workshop.program(host, reduce), ["1", "1"])).toMatch(right);
  });

  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, reduce), ["2", "1"])).toMatch(right);
  });

  test("on an emulated arm64 processor, with NEON", minutes, async (ctx) => {
    await need(ctx, arm, "qemu-aarch64");
    const program = await workshop.program(arm, reduce);
    expect(await succeed("qemu-aarch64", [program, "3", "1"])).toMatch(right);
  });
});

// Arguments: seed, rounds.
describe("the detectors of what surrounds a picture, against what was drawn, and pictures bad for them", () => {
  const detect = "test/native/detect.cc";
  const right = /^[1-9]\d+ checks, 0 failures$/m;

  test("on this processor", minutes, async (ctx) => {
    await need(ctx, host);
    expect(await succeed(await workshop.program(host, detect), ["7", "6"])).toMatch(right);
  });

  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, detect), ["2", "1"])).toMatch(right);
  });
});

// Arguments: seed, damaged files of each kind.
describe("damaged index files", () => {
  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    const program = await workshop.program(sanitized, "test/native/damaged.cc");
    expect(await succeed(program, ["1", "12"])).toMatch(/\b0 failures$/m);
  });
});

describe("the search engine with readers, a writer and maintenance at once", () => {
  const readers = "test/native/readers.cc";
  const right = /^[1-9]\d* searches, [1-9]\d* changes, [1-9]\d* steps of maintenance, 0 failures$/m;

  test("for five seconds", minutes, async (ctx) => {
    await need(ctx, host);
    expect(await succeed(await workshop.program(host, readers), ["5"])).toMatch(right);
  });

  test("for five seconds under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, readers), ["5"])).toMatch(right);
  });

  test("for ten seconds under the thread sanitizer", minutes, async (ctx) => {
    const program = await threaded(ctx, readers);
    expect(await succeed(program, ["10"])).toMatch(right);
  });
});

// Arguments: seed, rounds.
describe("what reads the outputs of a child, beside one that writes", () => {
  const sources = ["bindings/node/output_reader.cc", "test/native/outputs.cc"];
  const right = /^[1-9]\d+ checks, 0 failures$/m;

  test("under the address and undefined-behaviour sanitizers", minutes, async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs Linux");
    await need(ctx, sanitized);
    expect(await succeed(await workshop.program(sanitized, ...sources), ["1", "100"])).toMatch(right);
  });

  test("under the thread sanitizer", minutes, async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs Linux");
    const program = await threaded(ctx, ...sources);
    expect(await succeed(program, ["1", "40"])).toMatch(right);
  });
});
