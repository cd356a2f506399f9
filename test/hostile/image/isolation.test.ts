/** Decoding in another process: the same answers, and nothing that a decoder does reaches this process. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MessageReader, writeMessage } from "../../../dist/image/isolation/messages.js";
import {
  HashIndex,
  hashImage,
  hashImages,
  hashWithCrops,
  type ImageHash,
  ImageError,
  LimitError,
  reduceImage,
  safePreview,
} from "../../../dist/index.js";
import { root, run } from "../../support/run.ts";
import { plane } from "../../support/image/samples.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-isolation-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const scene = (side: number): Sharp =>
  sharp(Buffer.from(plane(3, side, side)), { raw: { width: side, height: side, channels: 1 } });
const isolation = "process" as const;

/** The decoder processes of this test's process. */
function decoders(): number[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).trim().split("\n");
  return lines
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!)
    .filter(([, , parent, args]) => Number(parent) === process.pid && args!.includes("isolation/child.js"))
    .map(([, pid]) => Number(pid));
}

/** Waits until a condition holds. The limit of the test ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(20);
}

let large: string;
beforeAll(async () => {
  large = join(folder, "large.png");
  await scene(300).resize(11_000, 11_000, { kernel: "nearest" }).png({ compressionLevel: 1 }).toFile(large);
});

describe("the same answers", () => {
  test.each(["jpeg", "png", "webp", "tiff", "avif", "gif"] as const)("hashImage of a %s", async (format) => {
    const file = await scene(200)[format]().toBuffer();
    const options = { orientations: true, pages: "all", digests: ["md5", "sha256"] } as const;
    expect(await hashImage(file, { ...options, isolation })).toEqual(await hashImage(file, options));
  });

  test("every page of an animation", async () => {
    const frames = Buffer.concat([1, 2, 3].map((seed) => Buffer.from(plane(seed, 64, 64))));
    const tall = sharp(frames, { raw: { width: 64, height: 192, channels: 1, pageHeight: 64 } });
    const file = await tall.gif().toBuffer();
    const expected = await hashImage(file, { pages: "all" });
    expect(expected.frames).toHaveLength(3);
    expect(await hashImage(file, { pages: "all", isolation })).toEqual(expected);
  });

  test("the options of the hash, raw pixels, crops, previews and searches", async () => {
    const file = await scene(300).jpeg().toBuffer();
    for (const options of [{ compat: "cpp-cli" }, { method: "exact" }, { kernel: "portable" }] as const) {
      expect(await hashImage(file, { ...options, isolation })).toEqual(await hashImage(file, options));
    }
    const pixels = { data: plane(3, 64, 64), width: 64, height: 64, channels: 1 } as const;
    expect(await hashImage(pixels, { isolation })).toEqual(await hashImage(pixels));
    const crops = await hashWithCrops(file);
    expect(crops.crops.length).toBeGreaterThan(5);
    expect(await hashWithCrops(file, { isolation })).toEqual(crops);
    expect(await safePreview(file, { isolation })).toEqual(await safePreview(file));
    expect(await reduceImage(file, { isolation })).toEqual(await reduceImage(file));
    using index = new HashIndex();
    index.addWithCrops(7, crops);
    const framed = await scene(300).extend({ left: 40, right: 40, background: "black" }).jpeg().toBuffer();
    for (const level of ["fast", "standard"] as const) {
      const { stages: _, ...expected } = await index.searchImage(framed, { level });
      const { stages: __, ...found } = await index.searchImage(framed, { level, isolation });
      expect(found).toEqual(expected);
    }
  });

  test("errors have the same class, code and text", async () => {
    const whole = await scene(200).jpeg().toBuffer();
    const path = join(folder, "cut.jpg");
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    const cases: [string | Buffer, object][] = [
      [path, {}],
      [whole, { maxPixels: 100 }],
      [Buffer.from("no image"), {}],
      [Buffer.alloc(0), {}],
      [join(folder, "missing.jpg"), {}],
    ];
    for (const [input, options] of cases) {
      const [here, there] = await Promise.all(
        [options, { ...options, isolation }].map((one) => hashImage(input, one).catch((error: unknown) => error)),
      );
      expect(here).toBeInstanceOf(Error);
      expect(there).toMatchObject({ ...(here as Error), message: (here as Error).message });
      expect((there as Error).constructor).toBe((here as Error).constructor);
    }
  });

  test("another place than a process or none is refused", async () => {
    await expect(hashImage(large, { isolation: "vm" as "none" })).rejects.toThrow(/isolation/);
  });
});

describe("what a decoder does", () => {
  test("an image that takes too long is rejected, and its process is gone", async () => {
    const error = await hashImage(large, { isolation, maxSeconds: 0.05 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ limit: "maxSeconds" });
    await until(() => decoders().every((pid) => idleNow(pid)));
    expect(await hashImage(await scene(100).png().toBuffer(), { isolation })).toMatchObject({ stable: true });
  });

  /** Whether a process sleeps: a decoder that still decodes runs. */
  function idleNow(pid: number): boolean {
    const states = [1, 2, 3].map(() => execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }));
    return states.every((state) => state.trim().startsWith("S"));
  }

  test("an abort rejects with its reason and ends the process; the next image is hashed", async () => {
    const controller = new AbortController();
    const hashing = hashImage(large, { isolation, signal: controller.signal });
    const before = new Set(decoders());
    await until(() => decoders().length > 0);
    controller.abort(new Error("no longer wanted"));
    await expect(hashing).rejects.toThrow("no longer wanted");
    await until(() => decoders().every((pid) => before.has(pid) || idleNow(pid)));
    expect((await hashImage(await scene(100).png().toBuffer(), { isolation })).quality).toBeGreaterThan(50);
  });

  function kill(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }

  test.each(["SIGSEGV", "SIGKILL", "SIGABRT"] as const)(
    "a decoder that ends by %s fails its image alone",
    async (signal) => {
      const small = await scene(100).png().toBuffer();
      const hashing = Promise.allSettled([hashImage(large, { isolation, name: "large.png" })]);
      const killed = (async () => {
        await until(() => decoders().length > 0);
        let failed = false;
        void hashing.then(() => (failed = true));
        while (!failed) {
          for (const pid of decoders()) kill(pid, signal);
          await setTimeout(5);
        }
      })();
      const [outcome] = await hashing;
      await killed;
      expect(outcome).toMatchObject({ status: "rejected" });
      const { reason } = outcome as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(ImageError);
      expect(reason).toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
      expect((reason as Error).message).toMatch(/^large\.png ended the process that decoded it \(.*SIG|exit status/);
      expect((await hashImage(small, { isolation })).quality).toBeGreaterThan(50);
    },
  );

  test("processes are replaced, so that nothing gathers in them", async () => {
    const file = await scene(16).png().toBuffer();
    const seen = new Set<number>();
    let done = 0;
    for await (const { result, error } of hashImages(Array<Buffer>(4100).fill(file), { isolation, concurrency: 1 })) {
      expect(error).toBeUndefined();
      expect(result!.width).toBe(16);
      if (++done % 100 === 0) for (const pid of decoders()) seen.add(pid);
    }
    expect(seen.size).toBeGreaterThanOrEqual(2);
  });

  test("many images at a time give what each gives alone", async () => {
    const files = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        scene(100 + i)
          .jpeg()
          .toBuffer(),
      ),
    );
    const expected = await Promise.all(files.map((file) => hashImage(file)));
    const found: ImageHash[] = [];
    for await (const { index, result } of hashImages(files, { isolation, concurrency: 8 })) found[index] = result!;
    expect(found).toEqual(expected);
  });
});

describe("the program around it", () => {
  const program = `
    import { hashImage } from ${JSON.stringify(join(root, "dist/index.js"))};
    await hashImage(process.argv[1], { isolation: "process" });
    console.log("hashed");`;

  test("ends when it has nothing else to do, with idle decoder processes", async () => {
    const file = join(folder, "small.png");
    await scene(64).png().toFile(file);
    const { code, stdout } = await run(process.execPath, ["--input-type=module", "-e", program, file]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "hashed\n" });
  });

  test("takes its decoder processes with it when it is killed", async (ctx) => {
    if (process.platform !== "linux") ctx.skip("skipped: needs Linux");
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, large], { stdio: "ignore" });
    const children = (): string[] => {
      const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).trim().split("\n");
      return lines.filter((line) => line.includes("isolation/child.js"));
    };
    const ofChild = (): number[] =>
      children()
        .map((line) => line.trim().split(/\s+/).map(Number))
        .filter(([, parent]) => parent === child.pid)
        .map(([pid]) => pid!);
    await until(() => ofChild().length > 0);
    const pids = ofChild();
    child.kill("SIGKILL");
    await until(() => children().every((line) => !pids.includes(Number(line.trim().split(/\s+/)[0]))));
  });
});

describe("messages", () => {
  test("arrive whole, however the stream is cut", async () => {
    const { PassThrough } = await import("node:stream");
    const stream = new PassThrough();
    const heads = [{ a: 1 }, { text: "é".repeat(1000) }, {}];
    heads.forEach((head, i) => writeMessage(stream, head, Buffer.alloc(1000 * i, i)));
    stream.end();
    const all = Buffer.concat(await stream.toArray());
    for (const step of [1, 7, 1000, all.length]) {
      const reader = new MessageReader({ headBytes: 4000, bytes: 4000 });
      const messages = [];
      for (let at = 0; at < all.length; at += step) messages.push(...reader.push(all.subarray(at, at + step)));
      expect(messages.map(({ head }) => head)).toEqual(heads);
      expect(messages.map(({ bytes }) => bytes.length)).toEqual([0, 1000, 2000]);
      expect(messages[2]!.bytes.every((byte) => byte === 2)).toBe(true);
    }
  });

  test("that are too long, or no JSON, are refused", () => {
    const prefix = Buffer.alloc(10);
    prefix.writeUInt32LE(5);
    const reader = (headBytes: number, bytes: number) => new MessageReader({ headBytes, bytes });
    expect(() => [...reader(4, 0).push(prefix)]).toThrow(/a message of 5/);
    prefix.writeUIntLE(2, 4, 6);
    expect(() => [...reader(5, 1).push(prefix)]).toThrow(/5 and 2 bytes/);
    expect(() => [...reader(5, 2).push(Buffer.concat([prefix, Buffer.from("no{}[]!")]))]).toThrow(SyntaxError);
  });
});
