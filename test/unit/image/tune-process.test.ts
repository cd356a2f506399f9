/** What `tuneProcess` changes, each time in a process of its own, since its settings are for a whole process. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { thresholdsOf } from "../../../dist/image/decode/tune-process.js";
import { folder } from "../../support/cli.ts";
import { long, needsLongRun } from "../../support/long.ts";
import { root, succeed, which } from "../../support/run.ts";

const mib = 2 ** 20;
const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
const glibc = report.header.glibcVersionRuntime !== undefined;
const gxx = which("g++");

/** Counts the calls of mallopt and the arenas, at the last call and at the end, and says so. */
const recorder = `
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int calls, before;
static int arenas() {
  char* text = nullptr;
  size_t size = 0;
  FILE* stream = open_memstream(&text, &size);
  malloc_info(0, stream);
  fclose(stream);
  int count = 0;
  for (const char* at = text; (at = strstr(at, "<heap nr=")) != nullptr; ++at) ++count;
  free(text);
  return count;
}
extern "C" int mallopt(int name, int value) {
  ++calls;
  before = arenas();
  return reinterpret_cast<int (*)(int, int)>(dlsym(RTLD_NEXT, "mallopt"))(name, value);
}
__attribute__((destructor)) static void report() {
  fprintf(stderr, "mallopt calls: %d\\narenas: %d, %d\\n", calls, before, arenas());
}
`;

/** An allocator that never reuses memory, with each block's size before the block. */
const otherAllocator = `
#include <atomic>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
static char* reserved() {
  static char* base = static_cast<char*>(
      mmap(nullptr, size_t{1} << 36, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  return base;
}
static std::atomic<size_t> used{0};
static void* take(size_t alignment, size_t bytes) {
  if (alignment < 16) alignment = 16;
  size_t at = used.fetch_add(bytes + 2 * alignment);
  at = (at + 16 + alignment - 1) / alignment * alignment;
  char* block = reserved() + at;
  memcpy(block - 8, &bytes, 8);
  return block;
}
extern "C" {
size_t malloc_usable_size(void* p) {
  size_t bytes = 0;
  if (p != nullptr) memcpy(&bytes, static_cast<char*>(p) - 8, 8);
  return bytes;
}
void* malloc(size_t bytes) { return take(16, bytes); }
void free(void*) {}
void* calloc(size_t count, size_t bytes) { return take(16, count * bytes); }
void* realloc(void* p, size_t bytes) {
  void* q = take(16, bytes);
  const size_t old = malloc_usable_size(p);
  if (p != nullptr) memcpy(q, p, old < bytes ? old : bytes);
  return q;
}
void* memalign(size_t alignment, size_t bytes) { return take(alignment, bytes); }
void* aligned_alloc(size_t alignment, size_t bytes) { return take(alignment, bytes); }
int posix_memalign(void** p, size_t alignment, size_t bytes) { *p = take(alignment, bytes); return 0; }
}
`;

/** Compiles a library for LD_PRELOAD. */
async function library(name: string, source: string): Promise<string> {
  const path = join(temporary, `${name}.so`);
  const args = ["-std=c++20", "-O1", "-fno-builtin", "-shared", "-fPIC", "-x", "c++", "-", "-o", path, "-ldl"];
  await succeed(gxx!, args, { input: source });
  return path;
}

/** Runs a module in a child, and returns the JSON that it prints and its standard error. */
async function child(script: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const imports = `import { diagnose, hashImage, tuneProcess } from "./dist/index.js";`;
  const args = ["--input-type=module", "--eval", `${imports}\n${script}`];
  return JSON.parse(await succeed(process.execPath, args, { env: { ...process.env, ...env } }));
}

/** Makes a control group with a limit of memory, of either version. Returns undefined if that is not allowed. */
function memoryGroup(bytes: number): ({ path: string } & Disposable) | undefined {
  for (const [parent, file] of [
    ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"],
    ["/sys/fs/cgroup", "memory.max"],
  ] as const) {
    const path = join(parent, `empreinte-test-${process.pid}`);
    try {
      mkdirSync(path);
    } catch {
      continue;
    }
    const end = (): void => rmdirSync(path);
    if (existsSync(join(path, file))) {
      writeFileSync(join(path, file), String(bytes));
      return { path, [Symbol.dispose]: end };
    }
    end();
  }
  return undefined;
}

const temporary = folder();
const images = join(temporary, "tune-images");
const small = JSON.stringify(join(images, "small.jpg"));

beforeAll(async () => {
  mkdirSync(images, { recursive: true });
  const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
  const tile = await sharp({ create: { width: 256, height: 192, channels: 3, background: "white", noise } })
    .png()
    .toBuffer();
  // What takes much memory is for the long run.
  const sizes = [
    ["small", 320, 240],
    ["huge", 12_500, 8000],
    ["large", 4000, 3000],
  ] as const;
  for (const [name, width, height] of long ? sizes : sizes.slice(0, 1)) {
    await sharp(tile)
      .resize(width, height, { fit: "fill", kernel: "nearest" })
      .jpeg()
      .toFile(join(images, `${name}.jpg`));
  }
});

describe("the thresholds", () => {
  test("all arenas together keep at most a quarter of the memory", () => {
    for (const available of [256, 512, 2048, 16_384, 2 ** 20].map((n) => n * mib)) {
      for (const threads of [1, 4, 16, 1024]) {
        const got = thresholdsOf(available, threads);
        if (got === undefined) continue;
        expect(got.trimThreshold * (threads + 1)).toBeLessThanOrEqual(available / 4);
        expect(got.mmapThreshold).toBeLessThanOrEqual(64 * mib);
        expect(got.mmapThreshold).toBeLessThanOrEqual(got.trimThreshold);
        expect(got.topPad).toBeLessThan(got.trimThreshold);
        expect(Object.values(got).every((bytes) => Number.isSafeInteger(bytes) && bytes > 0)).toBe(true);
      }
    }
  });

  test("a small limit of memory leaves glibc's own thresholds", () => {
    expect(thresholdsOf(128 * mib, 4)).toBeUndefined();
    expect(thresholdsOf(512 * mib, 64)).toBeUndefined();
    expect(thresholdsOf(160 * mib, 4)).toBeDefined();
  });
});

test("a tuned process hashes alike, and a second call changes nothing", async () => {
  const got = await child(`
    const before = [await hashImage(${small}), (await diagnose()).memory];
    const answers = [tuneProcess(), tuneProcess(), (await diagnose()).memory];
    console.log(JSON.stringify({ before, answers, after: await hashImage(${small}) }));`);
  const { before, answers, after } = got as { before: unknown[]; answers: unknown[]; after: unknown };
  expect(after).toEqual(before[0]);
  const allocator = glibc ? "glibc" : "other";
  expect(before[1]).toEqual({ allocator, tuned: false });
  const tuned = { allocator, tuned: glibc };
  expect(answers).toEqual([tuned, tuned, tuned]);
});

test("a tuned process starts others while it decodes, and they are not tuned", async () => {
  const inner = `
    import { diagnose, hashImage } from "./dist/index.js";
    const { memory } = await diagnose({ selfTest: false });
    console.log(JSON.stringify({ hash: (await hashImage(${small})).hash, tuned: memory.tuned }));`;
  const got = await child(`
    import { execFile } from "node:child_process";
    import { promisify } from "node:util";
    const { tuned } = tuneProcess();
    const run = async () => {
      const args = ["--input-type=module", "--eval", ${JSON.stringify(inner)}];
      return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
    };
    const hash = async () => ({ hash: (await hashImage(${small})).hash, tuned: tuneProcess().tuned });
    console.log(JSON.stringify([tuned, ...(await Promise.all([hash(), run(), hash(), hash(), run()])), await hash()]));`);
  const { hash } = (await child(`console.log(JSON.stringify(await hashImage(${small})));`)) as { hash: string };
  const [own, started] = [
    { hash, tuned: glibc },
    { hash, tuned: false },
  ];
  expect(got).toEqual([glibc, own, started, own, own, started, own]);
});

test("a worker thread does not tune its process", async () => {
  const got = await child(`
    import { Worker } from "node:worker_threads";
    const source = 'import(' + JSON.stringify(new URL("./dist/index.js", "file://" + process.cwd() + "/").href) + ')' +
      '.then(({ tuneProcess }) => process.getBuiltinModule("node:worker_threads").parentPort.postMessage(tuneProcess().tuned))';
    const inWorker = () => new Promise((resolve, reject) =>
      new Worker(source, { eval: true }).once("message", resolve).once("error", reject));
    console.log(JSON.stringify([await inWorker(), tuneProcess().tuned, await inWorker()]));`);
  expect(got).toEqual([false, glibc, glibc]);
});

test.each([{ MALLOC_TRIM_THRESHOLD_: "1000000" }, { GLIBC_TUNABLES: "glibc.malloc.mmap_threshold=2000000" }])(
  "thresholds from the environment stay: %j",
  async (env) => {
    expect(await child("console.log(tuneProcess().tuned)", env)).toBe(false);
  },
);

describe.skipIf(!glibc || gxx === undefined)("with a preloaded library", () => {
  test("only tuneProcess sets thresholds, and only once", async () => {
    const env = { ...process.env, LD_PRELOAD: await library("recorder", recorder) };
    const calls = async (script: string, hashed = `await hashImage(${small});`): Promise<string> => {
      const imports = `import { hashImage, tuneProcess } from "./dist/index.js"; console.error = () => {};`;
      const args = ["--input-type=module", "--eval", `${imports} ${hashed} ${script}`];
      const shown = `"$0" "$@" 2>&1 | grep "${hashed === "" ? "arenas" : "mallopt calls"}"`;
      return (await succeed("/bin/sh", ["-c", shown, process.execPath, ...args], { env })).trim().split("\n").at(-1)!;
    };
    expect(await calls("")).toBe("mallopt calls: 0");
    const twice = await calls("tuneProcess(); tuneProcess();");
    expect(twice).toMatch(/^mallopt calls: [3-9]$/);
    expect(await calls("tuneProcess();")).toBe(twice);
    // The pool's threads share arenas: those of a process that has just started are enough.
    const some = `tuneProcess(); await Promise.all(Array(8).fill(${small}).map((path) => hashImage(path)));`;
    const [, before, after] = /^arenas: (\d+), (\d+)$/.exec(await calls(some, ""))!;
    expect(after).toBe(before);
  });

  test("another allocator is left as it is", async (ctx) => {
    needsLongRun(ctx);
    const env = { LD_PRELOAD: await library("other", otherAllocator) };
    const got = await child(
      `console.log(JSON.stringify([tuneProcess(), (await hashImage(${small})).hash.length]));`,
      env,
    );
    expect(got).toEqual([{ allocator: "other", tuned: false }, 64]);
  });
});

describe.skipIf(!glibc)("memory", () => {
  interface Burst {
    /** Bytes of memory at most, with images of 12 megapixels. */
    peak: number;
    tuned: boolean;
    hashes: string[];
    loaded: number;
    idle: number;
  }
  const burst = async (
    mode: "tuned" | "untuned",
    load: "images" | "workers" | "large-1" | "large-4",
  ): Promise<Burst> => {
    const args = ["--expose-gc", join(root, "test/support/image/tune-child.mjs"), images, mode, load];
    return JSON.parse(await succeed(process.execPath, args)) as Burst;
  };

  test.for(["large-1", "large-4"] as const)(
    "is at most 1.3 times as much in a tuned process: %s at a time",
    // In one process of about 24 a thread of the pool has an arena before it can share one.
    { retry: 2 },
    async (load, ctx) => {
      needsLongRun(ctx); // dozens of images of 12 megapixels
      const [untuned, tuned] = [await burst("untuned", load), await burst("tuned", load)];
      expect(tuned.hashes).toEqual(untuned.hashes);
      expect(tuned.peak).toBeLessThan(1.3 * untuned.peak);
    },
  );

  test("keeps to a control group that is smaller than what would be kept", async (ctx) => {
    needsLongRun(ctx); // it needs the right to make a control group
    const limit = 320 * mib;
    using group = memoryGroup(limit);
    if (group === undefined) ctx.skip("skipped: needs root and control groups of memory");
    const script = join(root, "test/support/image/tune-child.mjs");
    const entering = `echo $$ > "$0/cgroup.procs"; exec "$@"`;
    const args = ["-c", entering, group!.path, process.execPath, "--expose-gc", script, images, "tuned", "large-4"];
    const { tuned, peak, hashes } = JSON.parse(await succeed("/bin/sh", args)) as Burst;
    expect({ tuned, hashes }).toEqual({ tuned: true, hashes: [expect.stringMatching(/^[0-9a-f]{64}$/)] });
    expect(peak).toBeLessThan(limit);
  });

  test.for(["images", "workers"] as const)(
    "returns when the process is idle after a burst of %s",
    async (load, ctx) => {
      needsLongRun(ctx); // a process is idle after seconds only
      const [untuned, tuned] = await Promise.all([burst("untuned", load), burst("tuned", load)]);
      expect([untuned.tuned, tuned.tuned]).toEqual([false, true]);
      expect(tuned.hashes.toSorted()).toEqual(untuned.hashes.toSorted());
      expect(tuned.idle).toBeLessThan(2 * untuned.idle);
      // Workers take their memory along when they end.
      if (load === "images") expect(tuned.idle).toBeLessThan(tuned.loaded - 32 * mib);
    },
  );
});
