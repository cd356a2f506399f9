/** When a candidate counts: each bound at its last bit and at the next one. */
import { describe, expect, test } from "vitest";
import { type Candidate, CandidateSet, supportCount } from "../../../dist/copies/candidates.js";
import { wholeView } from "../../../dist/views/query-image.js";

type View = Candidate["viewHash"];
const view = (name: View["name"] = "original", more: Partial<View> = {}): View => ({
  hash: new Uint8Array(32),
  name,
  orientation: "orig",
  quality: 100,
  stable: true,
  view: undefined,
  ...more,
});

/** What becomes of candidates of one entry: each is a distance with a view. */
function tierOf(
  candidates: readonly (readonly [distance: number, viewHash: View, id?: number])[],
  { radius = 31, strict = false, confirms = true } = {},
): string | undefined {
  const set = new CandidateSet(radius, { entryOf: () => 1 });
  Object.assign(set, { strict, confirms });
  for (const [distance, viewHash, id = 1] of candidates) set.add({ id, distance, viewHash });
  const [match] = set.matches();
  expect(set.accepted().size).toBe(match === undefined ? 0 : 1);
  return match?.tier;
}

describe("one candidate", () => {
  test("a match has at most 31 bits, and beyond that a single view is nothing", () => {
    for (const distance of [0, 24, 25, 31]) expect(tierOf([[distance, view()]])).toBe("match");
    for (const distance of [32, 40, 50, 51]) expect(tierOf([[distance, view()]])).toBeUndefined();
  });

  test("an aligned view is a match up to 24 bits, a review up to 31, and then nothing", () => {
    for (const distance of [0, 24]) expect(tierOf([[distance, view("aligned")]])).toBe("match");
    for (const distance of [25, 31]) expect(tierOf([[distance, view("aligned")]])).toBe("review");
    expect(tierOf([[32, view("aligned")]])).toBeUndefined();
  });

  test("a smaller radius bounds both", () => {
    const at = (distance: number, radius: number, name?: View["name"]) => tierOf([[distance, view(name)]], { radius });
    expect([at(20, 20), at(21, 20), at(0, 0), at(1, 0)]).toEqual(["match", undefined, "match", undefined]);
    expect([at(20, 20, "aligned"), at(21, 20, "aligned")]).toEqual(["match", undefined]);
    expect([at(24, 28, "aligned"), at(25, 28, "aligned"), at(28, 28, "aligned")]).toEqual([
      "match",
      "review",
      "review",
    ]);
    expect(at(29, 28, "aligned")).toBeUndefined();
  });
});

describe("several candidates", () => {
  test("two views within 50 bits are a review, and one of them beyond is not", () => {
    expect(tierOf([[50, view()], [50, view("turned")]])).toBe("review"); // prettier-ignore
    expect(tierOf([[32, view()], [51, view("turned")]])).toBeUndefined(); // prettier-ignore
  });

  test("an aligned view within 34 bits is a match where a view that was not aligned is within 50", () => {
    const pair = (aligned: number, other: number, name: View["name"] = "zoom-out") =>
      [[aligned, view("aligned")], [other, view(name)]] as const; // prettier-ignore
    expect(tierOf(pair(34, 50))).toBe("match");
    expect(tierOf(pair(35, 50))).toBe("review");
    expect(tierOf(pair(34, 51))).toBeUndefined();
    expect(tierOf(pair(28, 51))).toBe("review");
    expect(tierOf(pair(34, 50, "aligned"))).toBe("review");
    // Not in flat or even images, and not with a smaller radius.
    expect(tierOf(pair(34, 50), { strict: true })).toBeUndefined();
    expect(tierOf(pair(34, 50), { confirms: false })).toBe("review");
    expect(tierOf(pair(34, 50), { radius: 30 })).toBeUndefined();
    expect(tierOf(pair(28, 50), { radius: 30 })).toBe("review");
  });

  test("a confirmed match is described by its aligned view, also where another is nearer beyond 31 bits", () => {
    const set = new CandidateSet(31, {});
    set.add({ id: 1, distance: 34, viewHash: view("aligned") });
    set.add({ id: 1, distance: 32, viewHash: view("zoom-out") });
    expect(set.matches()).toMatchObject([{ tier: "match", distance: 34, view: "aligned", supportCount: 2 }]);
  });

  test("one view near two hashes is a review, and near the same hash twice is not", () => {
    const one = view();
    expect(tierOf([[50, one, 1], [50, one, 2]])).toBe("review"); // prettier-ignore
    expect(tierOf([[50, one, 1], [51, one, 2]])).toBeUndefined(); // prettier-ignore
    expect(tierOf([[50, one, 1], [49, one, 1]])).toBeUndefined(); // prettier-ignore
  });

  test("of a flat image, or with a radius below 31, only what is within the radius counts", () => {
    const two = [[32, view()], [32, view("turned")]] as const; // prettier-ignore
    expect(tierOf(two)).toBe("review");
    expect(tierOf(two, { strict: true })).toBeUndefined();
    expect(tierOf(two, { radius: 30 })).toBeUndefined();
    expect(tierOf([[31, view()]], { strict: true })).toBe("match");
    expect(tierOf([[31, view("aligned")]], { strict: true })).toBe("review");
  });

  test("the support counts views or hashes, whichever are more, within 50 bits", () => {
    const [a, b] = [view(), view("turned")];
    const of = (...some: [number, View, number, number?][]): number =>
      supportCount(some.map(([distance, viewHash, id, crop]) => {
        return { distance, viewHash, id, ...(crop !== undefined && { crop }) };
      })); // prettier-ignore
    expect(of([50, a, 1], [50, b, 1])).toBe(2);
    expect(of([50, a, 1], [51, b, 1])).toBe(1);
    expect(of([10, a, 1], [10, a, 1, 0], [10, b, 1, 1])).toBe(3);
    expect(of([51, a, 1])).toBe(0);
  });
});

describe("the answer", () => {
  test("matches come before reviews, then the nearer, then the lower entry", () => {
    const set = new CandidateSet(31, {});
    for (const [id, distance] of [
      [9, 10],
      [4, 10],
      [3, 31],
      [2, 30],
    ] as const) {
      // prettier-ignore
      set.add({ id, distance, viewHash: view() });
    }
    set.add({ id: 1, distance: 28, viewHash: view("aligned") });
    expect(set.matches().map(({ id, tier }) => `${id} ${tier}`)).toEqual([
      "4 match",
      "9 match",
      "2 match",
      "3 match",
      "1 review",
    ]);
  });

  test("an entry is described by its nearest candidate, and an original comes before its crops", () => {
    const set = new CandidateSet(31, { entryOf: () => 0 });
    const half = 5;
    const corners = Float32Array.from([0, 0, 0.5, 0, 0.5, 1, 0, 1, half, 0]);
    set.add({ id: 5, crop: 0, distance: 7, viewHash: view("half", { view: corners, orientation: "rot90" }) });
    set.add({ id: 5, distance: 8, viewHash: view("original", { view: wholeView }) });
    expect(set.matches()).toEqual([
      {
        id: 5,
        crop: 0,
        distance: 7,
        tier: "match",
        view: "half",
        region: [
          [0, 0],
          [0.5, 0],
          [0.5, 1],
          [0, 1],
        ],
        orientation: "rot90",
        supportCount: 2,
      },
    ]);
    set.add({ id: 5, distance: 7, viewHash: view("original", { view: wholeView }) });
    // A view of the whole image has no region.
    expect(set.matches()).toEqual([
      { id: 5, distance: 7, tier: "match", view: "original", orientation: "orig", supportCount: 3 },
    ]);
  });

  test("what is no match yet may be aligned: by group, the nearest entry and view first", () => {
    const set = new CandidateSet(31, { entryOf: (id) => Math.floor(id / 10), groupOf: (id) => id % 10 });
    const add = (id: number, distance: number): void => set.add({ id, distance, viewHash: view() });
    add(10, 31); // a match by group 0 of entry 1 …
    add(11, 60); // … is no reason not to align its group 1
    add(20, 70);
    add(20, 40);
    add(30, 39);
    expect(
      set.alignable().map((lists) => lists.map((list) => list.map(({ id, distance }) => `${id} ${distance}`))),
    ).toEqual([[["11 60"]], [["30 39"], ["20 40", "20 70"]]]);
  });
});
