/** What a known false alarm in a video suppresses, at every bound. */
import { describe, expect, test } from "vitest";
import type { DecisionMatch } from "../../../dist/doors/bank.js";
import { bestOfEach, sharedSeconds, suppressorOf } from "../../../dist/bank/decision/match.js";

const base: DecisionMatch = {
  hash: "00000000",
  type: "vpdq",
  kind: "near",
  distance: 10,
  orientation: "orig",
  bank: "b",
  negative: false,
  source: "s",
  entryNumber: 1,
  signal: 1,
  labels: [],
  action: "block",
  suppressed: false,
  rule: "",
};
const match = (more: Partial<DecisionMatch>): DecisionMatch => ({ ...base, ...more });
const alarm = (more: Partial<DecisionMatch>): DecisionMatch => match({ entryNumber: 2, negative: true, ...more });
/** Segments of an upload: pairs of the seconds from which and to which. */
const segments = (...times: [from: number, to: number][]): NonNullable<DecisionMatch["segments"]> =>
  times.map(([queryFrom, queryTo]) => {
    return { queryFrom, queryTo, knownFrom: 0, knownTo: 1, speed: 1, distance: 10, share: 1, matches: 5 };
  });
const video = (...times: [number, number][]): Partial<DecisionMatch> => ({
  kind: "video",
  segments: segments(...times),
});
const isSuppressed = (one: DecisionMatch, by: DecisionMatch): boolean => suppressorOf(one, [by]) === by;

describe("a false alarm", () => {
  test("that is a stretch suppresses a match of which it covers nine tenths, in any pieces", () => {
    const by = (...times: [number, number][]): boolean => isSuppressed(match(video([10, 20])), alarm(video(...times)));
    expect([by([10, 20]), by([0, 30]), by([11, 20]), by([11.01, 20]), by([0, 10]), by([20, 30])]).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect([by([10, 14], [14, 20]), by([16, 20], [9, 15]), by([10, 14], [11, 15])]).toEqual([true, true, false]);
    // Of several segments it is all of their time.
    const two = match(video([0, 1], [10, 19]));
    expect(isSuppressed(two, alarm(video([10, 19])))).toBe(true);
    expect(isSuppressed(two, alarm(video([0, 1], [10, 17.9])))).toBe(false);
  });

  test("that is a stretch may be farther by 8 bits, and that of an image by none", () => {
    const stretch = (distance: number): boolean =>
      isSuppressed(match(video([1, 9])), alarm({ ...video([0, 10]), distance }));
    expect([stretch(10), stretch(18), stretch(18.01)]).toEqual([true, true, false]);
    const image = (distance: number): boolean => isSuppressed(match({}), alarm({ distance }));
    expect([image(0), image(10), image(11)]).toEqual([true, true, false]);
  });

  test("that is a stretch suppresses a frame within it, and one of a frame that frame alone", () => {
    const at = (timestampSeconds: number, more: Partial<DecisionMatch> = {}): DecisionMatch =>
      match({ timestampSeconds, ...more });
    const stretch = alarm(video([2, 4]));
    expect([1.99, 2, 3, 4, 4.01].map((time) => isSuppressed(at(time), stretch))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    const frame = alarm({ timestampSeconds: 3 });
    expect([2.99, 3, 3.01].map((time) => isSuppressed(at(time), frame))).toEqual([false, true, false]);
    expect(isSuppressed(at(3, { trimmed: true }), frame)).toBe(false);
    expect(isSuppressed(match(video([3, 3])), frame)).toBe(false);
    // What is about the whole upload, as its bytes are, is not about a stretch.
    expect(isSuppressed(match({ kind: "exact", distance: 30 }), stretch)).toBe(false);
  });

  test("of the bytes suppresses everything, and none suppresses another", () => {
    const bytes = alarm({ kind: "exact", distance: 0 });
    for (const one of [match({}), match(video([3, 9])), match({ timestampSeconds: 5 })])
      expect(isSuppressed(one, bytes)).toBe(true);
    expect(isSuppressed(alarm({ entryNumber: 3 }), bytes)).toBe(false);
  });
});

describe("several matches of one entry", () => {
  test("are one: what is not suppressed, then what asks for more, then the bytes before a stretch before a frame", () => {
    const best = (...some: Partial<DecisionMatch>[]): DecisionMatch["kind"][] =>
      bestOfEach(some.map((one) => match(one))).map(({ kind }) => kind);
    expect(best({ kind: "near" }, { kind: "video" }, { kind: "exact" })).toEqual(["exact"]);
    expect(best({ kind: "near" }, { kind: "video" })).toEqual(["video"]);
    expect(best({ kind: "exact", suppressed: true }, { kind: "near" })).toEqual(["near"]);
    expect(best({ kind: "exact", action: "review" }, { kind: "near" })).toEqual(["near"]);
    expect(best({ kind: "near" }, { kind: "video", entryNumber: 9 })).toEqual(["near", "video"]);
    const [first] = bestOfEach([match({ distance: 3 }), match({ distance: 4 })]);
    expect(first!.distance).toBe(3);
  });

  test("the seconds that segments share count once", () => {
    expect(sharedSeconds(segments([0, 5], [3, 9], [20, 21]))).toBe(10);
    expect(sharedSeconds(segments([3, 9], [0, 5]))).toBe(9);
    expect(sharedSeconds([])).toBe(0);
  });
});
