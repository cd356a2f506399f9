/** vPDQ's texts and its match, against what is written down of them and against counting pairs by hand. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashDistance } from "../../../dist/index.js";
import { compareVpdq, readVpdq, writeVpdq } from "../../../dist/doors/video.js";
import type { VpdqFrame } from "../../../dist/video/vpdq/frames.js";

const hashes = ["e2".repeat(32), "df83".repeat(16), "0123456789abcdef".repeat(4)] as const;
const frames: VpdqFrame[] = [
  { number: 0, quality: 100, hash: hashes[0], timestampSeconds: 0 },
  { number: 29, quality: 49, hash: hashes[1], timestampSeconds: 0.9676333 },
  { number: 108_000, quality: 7, hash: hashes[2], timestampSeconds: 3725.5 },
];

describe("texts", () => {
  it("the C++ tools' lines, byte for byte", () => {
    expect(writeVpdq(frames)).toBe(
      `0,100,${hashes[0]},0.000\n29,49,${hashes[1]},0.968\n108000,7,${hashes[2]},3725.500\n`,
    );
  });

  it("python-threatexchange's array and the older object", () => {
    expect(writeVpdq(frames, "json")).toBe(
      `["${hashes[0]},100,0.000","${hashes[1]},49,0.968","${hashes[2]},7,3725.500"]`,
    );
    expect(JSON.parse(writeVpdq(frames, "json-object"))).toEqual({
      0: { quality: 100, hash: hashes[0], timestamp: 0 },
      29: { quality: 49, hash: hashes[1], timestamp: 0.968 },
      108000: { quality: 7, hash: hashes[2], timestamp: 3725.5 },
    });
  });

  it("each form is recognized by content and read as it was written", () => {
    const rounded = frames.map((frame) => ({ ...frame, timestampSeconds: Number(frame.timestampSeconds.toFixed(3)) }));
    expect(readVpdq(writeVpdq(frames))).toEqual(rounded);
    expect(readVpdq(writeVpdq(frames, "json-object"))).toEqual(rounded);
    expect(readVpdq(writeVpdq(frames, "json"))).toEqual(rounded.map((frame, number) => ({ ...frame, number })));
  });

  it("three significant digits with an exponent, as python-threatexchange writes them, and upper-case digits", () => {
    const [frame] = readVpdq(`["${hashes[0].toUpperCase()},100,3.73e+03"]`);
    expect(frame).toEqual({ number: 0, quality: 100, hash: hashes[0], timestampSeconds: 3730 });
    expect(readVpdq(`[]`)).toEqual([]);
    expect(readVpdq("")).toEqual([]);
    expect(readVpdq(`\uFEFF0,100,${hashes[0]},0.000\r\n\r\n`)).toHaveLength(1);
  });

  it.each([
    [`0,100,${hashes[0]},0.000\n1,101,${hashes[0]},1.0`, /quality of 0 … 100 in line 2/],
    [`0,100,${hashes[0].slice(1)},0.000`, /64 hex digits in line 1/],
    [`0,100,${hashes[0]}`, /frame,quality,hash,timestamp in line 1/],
    [`-1,100,${hashes[0]},0`, /frame number/],
    [`0,100,${hashes[0]},NaN`, /timestamp/],
    [`["${hashes[0]},100"]`, /"hash,quality,timestamp" in entry 1/],
    [`[{}]`, /entry 1/],
    [`{"5":{"quality":1,"timestamp":0}}`, /64 hex digits in frame 5/],
    [`{"5":null}`, /frame 5/],
    [`{"5":`, /begins as JSON/],
  ])("what is none is said with its place: %s", (text, message) => {
    expect(() => readVpdq(text)).toThrow(message);
    expect(() => readVpdq(text)).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }));
  });

  it("the frames of an object are in the order of their numbers, however it is written", () => {
    const frame = (timestamp: number) => ({ quality: 100, hash: hashes[0], timestamp });
    // JavaScript itself puts only small whole numbers in order.
    const text = JSON.stringify({ "5000000000": frame(3), "30.0": frame(2), "7": frame(1) });
    expect(readVpdq(text).map(({ number }) => number)).toEqual([7, 30, 5_000_000_000]);
  });

  it("no message has more than 8 digits of a hash", () => {
    for (const line of [`0,100,${hashes[0]}zz,0`, `0,100,${hashes[0]!.slice(1)},0`, `0,${hashes[0]},100,0`]) {
      expect(() => readVpdq(line)).toThrow(
        expect.objectContaining({ message: expect.not.stringMatching(/[0-9a-f]{9}/i) }),
      );
    }
  });
});

describe("match", () => {
  const frame = (hash: string, quality = 100): VpdqFrame => ({ number: 0, timestampSeconds: 0, hash, quality });
  const bits = (count: number): string => {
    const bytes = new Uint8Array(32);
    for (let i = 0; i < count; i++) bytes[i >> 3]! |= 1 << (i & 7);
    return Buffer.from(bytes).toString("hex");
  };

  it("31 bits match and 32 do not; strictlyBelow is the C++ tool's rule", () => {
    const match = (distance: number, strictlyBelow = false): number =>
      compareVpdq([frame(bits(0))], [frame(bits(distance))], { strictlyBelow }).queryMatchPercent;
    expect([30, 31, 32].map((distance) => match(distance))).toEqual([100, 100, 0]);
    expect([30, 31, 32].map((distance) => match(distance, true))).toEqual([100, 0, 0]);
  });

  it("frames of quality below 50 count on neither side; no frames are no match", () => {
    const [query, compared] = [[frame(bits(0)), frame(bits(0), 49)], [frame(bits(5), 50)]];
    expect(compareVpdq(query, compared)).toEqual({ queryMatchPercent: 100, comparedMatchPercent: 100 });
    expect(compareVpdq(query, [frame(bits(0), 49)])).toEqual({ queryMatchPercent: 0, comparedMatchPercent: 0 });
  });

  it("each percentage is of its own side, and distinct takes a hash once", () => {
    const query = [frame(bits(0)), frame(bits(0)), frame(bits(200))];
    const compared = [frame(bits(10)), frame(bits(120)), frame(bits(128)), frame(bits(256))];
    expect(compareVpdq(query, compared)).toEqual({ queryMatchPercent: 200 / 3, comparedMatchPercent: 25 });
    expect(compareVpdq(query, compared, { distinct: true }).queryMatchPercent).toBe(50);
  });

  it("equals counting all pairs", () => {
    const any = fc.array(fc.tuple(fc.integer({ min: 0, max: 256 }), fc.integer({ min: 0, max: 100 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        any,
        any,
        fc.integer({ min: 0, max: 256 }),
        fc.integer({ min: 0, max: 100 }),
        (a, b, distance, minQuality) => {
          const side = (list: [number, number][]): VpdqFrame[] =>
            list.map(([count, quality]) => frame(bits(count), quality));
          const good = (list: VpdqFrame[]): VpdqFrame[] => list.filter(({ quality }) => quality >= minQuality);
          const share = (one: VpdqFrame[], other: VpdqFrame[]): number => {
            const found = one.filter((x) => other.some((y) => hashDistance(x.hash, y.hash) <= distance));
            return one.length === 0 ? 0 : (100 * found.length) / one.length;
          };
          const [query, compared] = [good(side(a)), good(side(b))];
          expect(compareVpdq(side(a), side(b), { radius: distance, minQuality })).toEqual({
            queryMatchPercent: share(query, compared),
            comparedMatchPercent: share(compared, query),
          });
        },
      ),
    );
  });
});
