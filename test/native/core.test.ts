import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, type TestContext } from "vitest";
import { compiler as clang } from "../fuzz/compiler.mjs";
import { long, needsLongRun, rounds } from "../support/long.ts";
import {
  addonObjects,
  BuildCache,
  digestOf,
  fuzzObjects,
  hostCompiler,
  type Toolchain,
  usable,
  Workshop,
} from "../support/project/native.ts";
import { root, run, which } from "../support/run.ts";

// The core's own test programs, without Node. `npm test` links them with the core that the addon has and runs them on
// this processor. `npm run test:all` compiles the core for an emulated processor and under sanitizers, too, unless `npm
// run fuzz` has just done so. Two run at a time. Objects are kept between runs, so that only changed sources are
// compiled.
const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const here = process.arch === "arm64" ? "arm64" : "x64";
const host: Toolchain = {
  compiler: hostCompiler() ?? "g++",
  arch: here,
  flags: ["-O2", "-pthread"],
  core: addonObjects(here),
};
const fuzzed = long ? fuzzObjects(here) : undefined;
const sanitized: Toolchain = {
  ...host,
  compiler: fuzzed === undefined ? host.compiler : clang()!,
  core: fuzzed,
  flags: "-O1 -g1 -pthread -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer".split(" "),
};
const threads: Toolchain = {
  ...host,
  core: undefined,
  flags: ["-O1", "-g1", "-fsanitize=thread", "-pthread"],
  sources: /^native\/(status|hash|kernels|search)/,
};
const arm: Toolchain = { compiler: "aarch64-linux-gnu-g++", arch: "arm64", flags: ["-O2", "-static"] };

/** The known answers with their inputs, 70 MB, which take some time to make. */
async function makeRecords(): Promise<Buffer> {
  const cache = new BuildCache();
  const sources = ["test/native/records.mjs", "fixtures/kat/inputs.mjs", "fixtures/kat/pdq-synthetic.json"];
  const name = `${digestOf([], sources)}.records`;
  const kept = cache.find(name);
  if (kept !== undefined) return readFileSync(kept);
  const records = await new Promise<Buffer>((resolve, reject) => {
    const options = { cwd: root, encoding: "buffer", maxBuffer: 2 ** 30 } as const;
    execFile(process.execPath, ["test/native/records.mjs"], options, (error, out) =>
      error ? reject(error) : resolve(out),
    );
  });
  const file = join(workshop.folder, name);
  writeFileSync(file, records);
  cache.keep(name, file);
  return records;
}
let records: Promise<Buffer> | undefined;

/** Builds a program, or skips the test when a tool is missing. Compiling the whole core is for the long run only. */
async function build(ctx: TestContext, toolchain: Toolchain, ...sources: string[]): Promise<string> {
  if (toolchain !== host) needsLongRun(ctx);
  if (!(await usable(toolchain))) ctx.skip(`skipped: needs ${toolchain.compiler} with ${toolchain.flags.join(" ")}`);
  return workshop.program(toolchain, ...sources);
}

/** Skips the test when an emulator is missing, or in the short run: emulated programs take minutes. */
function need(ctx: TestContext, program: string): void {
  needsLongRun(ctx);
  if (which(program) === undefined) ctx.skip(`skipped: needs ${program}`);
}

/** Builds a program with the thread sanitizer. */
async function buildThreaded(ctx: TestContext, ...sources: string[]): Promise<string> {
  const program = await build(ctx, threads, ...sources);
  // If the kernel's address randomization and the sanitizer do not get along, no program starts.
  const { stderr } = await run(program, ["0", "0"]);
  if (/unexpected memory mapping/.test(stderr)) ctx.skip("skipped: needs a kernel the thread sanitizer works on");
  return program;
}

const text = (...values: number[]): string[] => values.map(String);

/**
 * Runs the known answers, and returns for each kernel whether the processor has it.
 * @param command the program, with what runs it.
 * @param every checks each n-th of the 102 answers.
 */
async function answers(command: string[], every = 1): Promise<Record<string, boolean>> {
  const [program, ...args] = [...command, String(every)];
  const said = await workshop.run(program!, args, await (records ??= makeRecords()));
  expect(said).toMatch(new RegExp(`^${Math.ceil(102 / every)} vectors, 0 failures$`, "m"));
  const lines = [...said.matchAll(/^(\w+): (checked|not on this processor)$/gm)];
  return Object.fromEntries(lines.map(([, name, state]) => [name!, state === "checked"]));
}

describe.concurrent("every kernel gives the 102 known answers", () => {
  const kat = "test/native/kat.cc";
  /** This processor checks all answers with these kernels. The emulators show which instructions are executed. */
  const emulated = 12;

  test("on this processor", async (ctx) => {
    const kernels = await answers([await build(ctx, host, kat)]);
    expect(kernels).toMatchObject({ portable: true });
    expect(Object.keys(kernels)).toEqual(here === "x64" ? ["avx512", "avx2", "portable"] : ["neon", "portable"]);
  });

  test("under the address and undefined-behaviour sanitizers", async (ctx) => {
    expect(await answers([await build(ctx, sanitized, kat)], 2)).toMatchObject({ portable: true });
  });

  test("on an emulated arm64 processor with NEON", async (ctx) => {
    need(ctx, "qemu-aarch64");
    expect(await answers(["qemu-aarch64", await build(ctx, arm, kat)], 3)).toEqual({ neon: true, portable: true });
  });

  test("on an emulated x86-64 processor with AVX2 and no AVX-512 (Haswell)", async (ctx) => {
    if (here !== "x64") ctx.skip("skipped: needs an x86-64 machine");
    need(ctx, "qemu-x86_64");
    const kernels = await answers(["qemu-x86_64", "-cpu", "Haswell", await build(ctx, host, kat)], emulated);
    expect(kernels).toEqual({ avx512: false, avx2: true, portable: true });
  });

  // An instruction of a newer processor anywhere outside its kernel ends this one with SIGILL.
  test("on an emulated x86-64 processor without AVX (Nehalem)", async (ctx) => {
    if (here !== "x64") ctx.skip("skipped: needs an x86-64 machine");
    need(ctx, "qemu-x86_64");
    const kernels = await answers(["qemu-x86_64", "-cpu", "Nehalem", await build(ctx, host, kat)], emulated);
    expect(kernels).toEqual({ avx512: false, avx2: false, portable: true });
  });
});

describe.concurrent("division by a window is a true division", () => {
  const division = "test/native/division.cc";
  const exact = /^\w+: 0 quotients differ from true division$/gm;

  test("for every mantissa on this processor", async (ctx) => {
    const said = (await workshop.run(await build(ctx, host, division), ["1"])).trim().split("\n");
    const absent = said.filter((line) => line.endsWith(": not on this processor"));
    if (absent.length === said.length) ctx.skip("skipped: needs a processor with AVX2 or NEON");
    expect(said.join("\n").match(exact)).toHaveLength(said.length - absent.length);
  });

  test("for every 61st group of 16 mantissas on an emulated arm64 processor", async (ctx) => {
    need(ctx, "qemu-aarch64");
    const program = await build(ctx, arm, division);
    expect((await workshop.run("qemu-aarch64", [program, "61"])).match(exact)).toHaveLength(1);
  });
});

/**
 * What a program checks: `args` of a run on this processor, under the sanitizers, and on an emulated arm64 processor.
 */
interface Check {
  title: string;
  sources: string[];
  /** The last line of a run without failures. */
  right: RegExp;
  host?: string[];
  sanitized?: string[];
  threads?: string[];
  arm?: string[];
}

const checks: Check[] = [
  {
    // Arguments: check every n-th size.
    title: "all kernels agree with the portable one at sides near the borders of tiles and windows, rows with gaps",
    sources: ["test/native/sizes.cc"],
    right: /^[1-9]\d+ images, 0 failures$/m,
    host: text(rounds(2, 1)),
    sanitized: text(3),
    arm: text(6),
  },
  {
    // Arguments: images a family, seed, longest side.
    title: "the automatic method gives the exact method's hash for images chosen to be bad for it",
    sources: ["test/native/methods.cc"],
    right: /^0 images with another answer than the exact method/m,
    host: text(rounds(10, 20), 7, 1500),
    arm: text(2, 7, 500),
  },
  {
    title: "the list reader finds every form and problem, whatever the pieces",
    sources: ["test/native/lists.cc"],
    right: /\b0 failures$/m,
    host: [],
    sanitized: [],
  },
  {
    // Arguments: seed, rounds (with 16 tables, 8, 16 that grow into 13 of long chunks, and none in turn), steps a
    // round.
    title: "the search engine agrees with brute force",
    sources: ["test/native/engine.cc"],
    right: /^\d+ checks, [1-9]\d* states with tables, [1-9]\d* with long chunks, 0 failures$/m,
    host: text(1, rounds(3, 4), rounds(6, 8)),
    sanitized: text(2, 3, 3),
    arm: text(3, 3, 2),
  },
  {
    // Arguments: seed, rows.
    title: "the search engine agrees with brute force where rows crowd, and with thousands of queries",
    sources: ["test/native/crowded.cc"],
    right: /^[1-9]\d* checks, 0 failures$/m,
    host: text(1, rounds(30_000, 80_000)),
    sanitized: text(2, 12_000),
  },
  {
    // Arguments: seed, rows.
    title: "crossovers change what a search costs, and no answer",
    sources: ["test/native/crossovers.cc"],
    right: /^[1-9]\d* checks, 0 failures$/m,
    host: text(1, 40_000),
    sanitized: text(2, 40_000),
    threads: text(3, 40_000),
  },
  {
    // Arguments: seed, rounds.
    title: "the aligner finds what was done to a video, and agrees with brute force",
    sources: ["test/native/video.cc"],
    right: /^[1-9]\d+ checks of alignments, 0 failures$/m,
    host: text(1, rounds(4, 6)),
    sanitized: text(2, rounds(1, 2)),
  },
  {
    // Arguments: seed, rounds.
    title: "the verification of local points finds known maps among wrong votes, and survives degenerate points",
    sources: ["test/native/verify.cc"],
    right: /^[1-9]\d+ checks of verification, 0 failures$/m,
    host: text(1, rounds(4, 10)),
    sanitized: text(2, rounds(2, 3)),
    arm: text(3, 2),
  },
  {
    // Arguments: seed, rounds.
    title: "views of hostile images keep their bounds",
    sources: ["test/native/views.cc"],
    right: /^[1-9]\d+ checks of views, 0 failures$/m,
    host: text(1, rounds(2, 3)),
    sanitized: text(2, rounds(1, 1)),
  },
  {
    // Arguments: seed, rounds.
    title: "local points are the same on every kernel, and records come back as they were written",
    sources: ["test/native/local.cc"],
    right: /^[1-9]\d+ checks of local points, 0 failures$/m,
    host: text(1, rounds(1, 3)),
    sanitized: text(2, rounds(1, 1)),
    arm: text(3, 0), // the known answers alone: a round takes two minutes there
  },
  {
    // Arguments: seed, rounds.
    title: "working copies, half resolutions and samples of views are the same on every kernel",
    sources: ["test/native/reduce.cc"],
    right: /^[1-9]\d+ checks of reduced images, 0 failures$/m,
    host: text(1, rounds(1, 1)),
    sanitized: text(2, rounds(1, 1)),
    arm: text(3, 1),
  },
  {
    // Arguments: seed, rounds.
    title: "the detectors find what surrounds an image, and survive images made to be bad for them",
    sources: ["test/native/detect.cc"],
    right: /^[1-9]\d+ checks, 0 failures$/m,
    host: text(7, rounds(3, 4)),
    sanitized: text(2, rounds(1, 1)),
  },
  {
    // Arguments: seed, damaged files of each kind.
    title: "damaged index files give errors, and no read outside them",
    sources: ["test/native/damaged.cc"],
    right: /\b0 failures$/m,
    host: text(1, rounds(3, 6)),
    sanitized: text(1, rounds(3, 4)),
  },
  {
    // Arguments: seconds.
    title: "readers, a writer and maintenance work on one index at once",
    sources: ["test/native/readers.cc"],
    right: /^[1-9]\d* searches, [1-9]\d* changes, [1-9]\d* steps of maintenance, 0 failures$/m,
    host: text(rounds(3, 4)),
    sanitized: text(rounds(3, 4)),
    threads: text(rounds(10, 8)),
  },
  {
    // Arguments: seed, rounds.
    title: "the reader of a child's outputs loses nothing beside a thread that writes",
    sources: ["bindings/node/outputs/output_reader.cc", "test/native/outputs.cc"],
    right: /^[1-9]\d+ checks, 0 failures$/m,
    host: text(1, rounds(30, 60)),
    sanitized: text(1, rounds(30, 30)),
    threads: text(1, rounds(40, 30)),
  },
];

for (const { title, sources, right, ...args } of checks) {
  const linuxOnly = sources.some((source) => source.startsWith("bindings/"));
  const add = (where: string, given: string[] | undefined, make: (ctx: TestContext) => Promise<string>): void => {
    if (given === undefined) return;
    test(`holds ${where}`, async (ctx) => {
      if (linuxOnly && process.platform !== "linux") ctx.skip("skipped: needs Linux");
      expect(await workshop.run(await make(ctx), given)).toMatch(right);
    });
  };
  describe.concurrent(`the core: ${title}`, () => {
    add("on this processor", args.host, (ctx) => build(ctx, host, ...sources));
    add("under the address and undefined-behaviour sanitizers", args.sanitized, (ctx) =>
      build(ctx, sanitized, ...sources),
    );
    add("under the thread sanitizer", args.threads, (ctx) => buildThreaded(ctx, ...sources));
    if (args.arm === undefined) return;
    test("on an emulated arm64 processor", async (ctx) => {
      need(ctx, "qemu-aarch64");
      const program = await build(ctx, arm, ...sources);
      expect(await workshop.run("qemu-aarch64", [program, ...args.arm!])).toMatch(right);
    });
  });
}

describe("objects that are kept between runs", () => {
  test("a source is compiled once, and again after a change of its flags", async (ctx) => {
    if (!(await usable(host))) ctx.skip(`skipped: needs ${host.compiler}`);
    const folder = mkdtempSync(join(tmpdir(), "empreinte-objects-"));
    const compiled = async (toolchain: Toolchain): Promise<number> => {
      using other = new Workshop(new BuildCache(folder));
      expect(existsSync(await other.object(toolchain, "native/status.cc"))).toBe(true);
      return other.compiled;
    };
    try {
      expect(await Promise.all([compiled(host), compiled(host)])).toEqual([1, 1]); // neither knows of the other
      expect(await compiled(host)).toBe(0);
      expect(await compiled({ ...host, flags: ["-O1"] })).toBe(1);
      expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
