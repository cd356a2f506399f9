/** The steps of a video that can be looked at alone: what ffmpeg says, exact reading, rates, samplings, luma. */
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashDistance } from "../../../dist/index.js";
import { native } from "../../../dist/native/load.js";
import { matroskaFrameRate } from "../../../dist/video/containers/matroska.js";
import { StreamBytes } from "../../../dist/video/ffmpeg/stream-bytes.js";
import { type FrameLine, StderrReport } from "../../../dist/video/ffmpeg/stderr-report.js";
import { everyFor, runBits, Runs } from "../../../dist/video/sampling.js";
import { randomOf } from "../../support/video/films.ts";

describe("what ffmpeg says", () => {
  const filter = "[showinfo@mark @ 0x55d1]";
  const base = `${filter} [info] config in time_base: 1/90000, frame_rate: 25/1\n`;
  const frame = (n: number, pts: string, size = "320x240"): string =>
    `${filter} [info] n:${String(n).padStart(4)} pts:${pts.padStart(7)} pts_time:0 pos: 1 fmt:yuv420p sar:1/1 s:${size} i:P iskey:1 type:I \n`;
  function read(...pieces: string[]): { frames: FrameLine[]; report: StderrReport } {
    const frames: FrameLine[] = [];
    const report = new StderrReport("mark", { joined: false, stream: 0 }, (line) => frames.push(line));
    for (const piece of pieces) report.feed(piece);
    return { frames, report };
  }

  it("frames in any pieces, with times in the container's units", () => {
    const text = base + frame(0, "0") + frame(1, "3600") + frame(2, "-90000") + frame(3, "NOPTS", "640x360");
    const seconds = [0, 0.04, -1, undefined];
    for (const size of [1, 7, 1000]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      );
      const { frames } = read(...pieces);
      expect(frames.map((line) => line.seconds)).toEqual(seconds);
      expect(frames.map((line) => line.count)).toEqual([0, 1, 2, 3]);
      expect(frames[3]).toMatchObject({ width: 640, height: 360 });
    }
  });

  it("the line of newer versions", () => {
    const line = `${filter} [info] n:   7 pts:   3584 pts_time:0.28    duration:    512 duration_time:0.04    fmt:yuv420p cl:left sar:1/1 s:640x272 i:P iskey:0 type:B \n`;
    expect(read(base, line).frames).toMatchObject([{ count: 7, width: 640, height: 272 }]);
  });

  it("text inside a file does not pass for it", () => {
    const forged = frame(0, "0").replace("@mark", "@park");
    expect(read(base, `[info]     title : ${frame(0, "0")}`, forged, `[info] ${forged}`).frames).toEqual([]);
  });

  it("an endless line and one hundred thousand lines of nothing cost no memory", () => {
    const { report } = read(...Array<string>(200).fill("x".repeat(10_000)), "\n", base);
    expect(report.recognizedLines).toBe(1);
    expect(read(...Array<string>(100_000).fill("[error] no\n")).report.problems.length).toBeLessThan(20);
  });
});

describe("exact reading", () => {
  it("gives the bytes in order in any pieces, and false at the end", async () => {
    const size = fc.integer({ min: 1, max: 50 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { maxLength: 30 }),
        fc.array(size, { maxLength: 30 }),
        async (pieces, targets) => {
          const total = pieces.reduce((sum, one) => sum + one, 0);
          const bytes = Uint8Array.from({ length: total }, (_, i) => i & 255);
          const stream = new PassThrough({ highWaterMark: 16 });
          let at = 0;
          for (const piece of pieces) stream.write(bytes.subarray(at, (at += piece)));
          stream.end();
          const reader = new StreamBytes(stream);
          let taken = 0;
          for (const length of targets) {
            const target = new Uint8Array(length);
            const full = await reader.readInto(target);
            expect(full).toBe(taken + length <= total);
            if (!full) return;
            expect(target).toEqual(bytes.subarray(taken, taken + length));
            taken += length;
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("rates", () => {
  /** A segment without a known size, a track entry, and so many nanoseconds a frame. */
  const file = (nanoseconds: number): Buffer => {
    const duration = Buffer.alloc(8);
    duration.writeUInt32BE(0x23e38384);
    duration.writeUInt32BE(nanoseconds, 4);
    const entry = Buffer.concat([Buffer.from([0xae, 0x80 | duration.length]), duration]);
    const tracks = Buffer.concat([Buffer.from([0x16, 0x54, 0xae, 0x6b, 0x80 | entry.length]), entry]);
    return Buffer.concat([Buffer.from("1a45dfa3801853806701ffffffffffffffec82aaaa", "hex"), tracks]);
  };

  it("the usual ones exactly, others to a ten-millionth; nothing from half a file", () => {
    expect(matroskaFrameRate(file(33_333_333))).toBe(30);
    expect(matroskaFrameRate(file(33_366_666))).toBe(30_000 / 1001);
    expect(matroskaFrameRate(file(16_683_333))).toBe(60_000 / 1001);
    expect(matroskaFrameRate(file(33_334_444))).toBeCloseTo(29.999, 5);
    expect(everyFor({ fps: 1 }, matroskaFrameRate(file(33_334_444)))).toBe(29);
    const whole = file(40_000_000);
    for (let end = 0; end < whole.length; end++) expect(matroskaFrameRate(whole.subarray(0, end))).toBeUndefined();
  });

  it("whatever the bytes, it ends", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const rate = matroskaFrameRate(Buffer.concat([Buffer.from("1853806701ffffffffffffff", "hex"), bytes]));
        expect(rate === undefined || rate > 0).toBe(true);
      }),
    );
  });

  it("vPDQ's rule", () => {
    for (const [fps, rate, every] of [
      [1, 30, 30],
      [1, 29.97, 29],
      [1, 0.5, 1],
      [2, 25, 12],
      [0.5, 29.97, 59],
      [60, 30, 1],
    ] as const) {
      expect(everyFor({ fps }, rate)).toBe(every);
    }
    expect(everyFor({ fps: 1 }, undefined)).toBe(1);
  });
});

describe("runs", () => {
  it("cover every frame once, in order, near their first, with the best hash", () => {
    const step = fc.record({
      flips: fc.integer({ min: 0, max: 12 }),
      quality: fc.integer({ min: 0, max: 100 }),
      stable: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const bytes = new Uint8Array(32);
        const frames = steps.map(({ flips, quality, stable }, number) => {
          for (let i = 0; i < flips; i++) bytes[(7 * number + i) % 32]! ^= 1 << (i & 7);
          const timestampSeconds = number / 25;
          const hash = Buffer.from(bytes).toString("hex");
          return { number, timestampSeconds, lastTimestampSeconds: timestampSeconds, hash, quality, stable };
        });
        const runs = new Runs();
        const found = [...frames.map((frame) => runs.add(frame)), runs.end()].filter((run) => run !== undefined);
        let at = 0;
        for (const run of found) {
          const inside = frames.filter(
            (f) => f.timestampSeconds >= run.timestampSeconds && f.timestampSeconds <= run.lastTimestampSeconds,
          );
          expect(inside[0]).toBe(frames[at]);
          at += inside.length;
          expect(run.quality).toBe(Math.max(...inside.map(({ quality }) => quality)));
          // Of equally good frames the first one.
          expect(run.number).toBe(inside.find(({ quality }) => quality === run.quality)!.number);
          expect(inside).toContainEqual(expect.objectContaining({ number: run.number, hash: run.hash }));
          for (const { hash, stable } of inside) {
            expect(stable).toBe(run.stable);
            if (stable) expect(hashDistance(hash, inside[0]!.hash)).toBeLessThanOrEqual(runBits);
          }
          const next = frames[at];
          if (next?.stable && run.stable) expect(hashDistance(next.hash, inside[0]!.hash)).toBeGreaterThan(runBits);
        }
        expect(at).toBe(frames.length);
      }),
    );
  });
});

const kernels = native.kernels().filter(({ supported }) => supported);
it.each(kernels)(
  "limited-range luma becomes full-range, rounded to nearest, at every length and offset: $name",
  ({ name }) => {
    for (const [length, offset] of [
      [256, 0],
      [1000, 3],
      [17, 1],
      [0, 0],
    ] as const) {
      const bytes = Uint8Array.from({ length: length + offset }, (_, i) => i & 255);
      const before = bytes.slice();
      native.expandLuma(bytes.subarray(offset), name);
      for (const [i, value] of bytes.entries()) {
        const t = Math.min(235, Math.max(16, before[i]!)) - 16;
        expect(value).toBe(i < offset ? before[i] : Math.round((t * 255) / 219));
      }
    }
  },
);

describe("the synthetic score", () => {
  const side = 128;
  /**
   * By sorting, from means of 4×4 samples at the places the core takes: cells of 2×2 pixels, each sampled four times.
   */
  function bySorting(data: Uint8Array): number {
    const cell = (y: number, x: number): number => {
      let sum = 0;
      for (const dy of [0, 1]) for (const dx of [0, 1]) sum += data[(2 * y + dy) * side + 2 * x + dx]!;
      return 4 * sum;
    };
    const changes: number[] = [];
    for (let y = 0; y < 63; y++) {
      for (let x = 0; x < 63; x++) {
        const here = cell(y, x);
        changes.push(Math.max(Math.abs(here - cell(y, x + 1)), Math.abs(here - cell(y + 1, x))));
      }
    }
    const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);
    const greatest = changes.toSorted((a, b) => b - a).slice(0, Math.floor(changes.length / 10));
    return sum(changes) === 0 ? 100 : Math.floor((100 * sum(greatest)) / sum(changes) + 0.5);
  }
  const grey = (data: Uint8Array): number =>
    native.syntheticScore({ data: data, width: side, height: side, channels: 1, stride: side });
  const random = randomOf(5);
  const noise = Uint8Array.from({ length: side * side }, () => Math.floor(256 * random()));
  const card = new Uint8Array(side * side).map((_, i) =>
    i % side > 30 && i % side < 70 && i > 5000 && i < 9000 ? 250 : 20,
  );
  const sky = noise.map((value, i) => (i < 11_000 ? 200 : value));

  it("as by sorting, of noise, a card, and of both in one", () => {
    for (const image of [noise, card, sky]) expect(grey(image)).toBe(bySorting(image));
    expect(grey(noise)).toBeLessThan(30);
    expect(grey(card)).toBe(100);
    expect(grey(new Uint8Array(side * side).fill(77))).toBe(100);
  });

  it("uses green for colours, allows gaps between rows, and is 0 for small images", () => {
    const stride = 3 * side + 5;
    const rgb = new Uint8Array(stride * side).map((_, i) => {
      const [row, at] = [Math.floor(i / stride), i % stride];
      return at % 3 === 1 && at < 3 * side ? sky[row * side + Math.floor(at / 3)]! : 255 * (i & 1);
    });
    expect(native.syntheticScore({ data: rgb, width: side, height: side, channels: 3, stride: stride })).toBe(
      grey(sky),
    );
    expect(native.syntheticScore({ data: noise, width: side, height: 63, channels: 1, stride: side })).toBe(0);
    expect(() =>
      native.syntheticScore({ data: noise, width: side, height: side + 1, channels: 1, stride: side }),
    ).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }));
  });
});
