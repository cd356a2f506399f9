/** What alignment adds: only a view that has enough quality and is stable, with its distance to the entry. */
import { expect, test } from "vitest";
import { alignCandidates } from "../../../dist/copies/align.js";
import { byDistance, type Candidate } from "../../../dist/copies/candidates.js";
import { leastViewQuality } from "../../../dist/thresholds.js";

type Given = Parameters<typeof alignCandidates>;
const hash = new Uint8Array(32);
const viewHash = (more: object = {}): Candidate["viewHash"] => ({
  hash,
  name: "rectangle",
  orientation: "orig",
  quality: 100,
  stable: true,
  view: undefined,
  ...more,
});

async function added(aligned: object): Promise<unknown[]> {
  const near: Candidate = { id: 7, distance: 40, viewHash: viewHash() };
  const got: unknown[] = [];
  const candidates = { alignable: () => [[[near]]], add: (candidate: unknown) => got.push(candidate) };
  const target = new Uint8Array(32).fill(1, 0, 3);
  const image = { align: async () => [viewHash({ name: "aligned", ...aligned })] };
  const count = await alignCandidates(
    image as unknown as Given[0],
    { get: () => target } as unknown as Given[1],
    candidates as unknown as Given[2],
    { level: "standard" } as Given[3],
  );
  expect(count).toBe(1);
  return got;
}

test("a view that was moved is a candidate at its new distance", async () => {
  expect(await added({ quality: leastViewQuality })).toMatchObject([
    { id: 7, distance: 3, viewHash: { name: "aligned" } },
  ]);
});

test("a view that became poor or unstable is dropped", async () => {
  expect(await added({ quality: leastViewQuality - 1 })).toEqual([]);
  expect(await added({ stable: false })).toEqual([]);
});

test("candidates go by distance, then by id, and an original before its crops in their order", () => {
  const of = (distance: number, id: number, crop?: number): Candidate => ({
    id,
    distance,
    viewHash: viewHash(),
    ...(crop !== undefined && { crop }),
  });
  const sorted = [of(1, 2), of(2, 1), of(2, 1, 0), of(2, 1, 1), of(2, 3)];
  for (const order of [
    [4, 3, 2, 1, 0],
    [3, 1, 4, 0, 2],
    [2, 3, 1, 0, 4],
  ]) {
    expect(order.map((i) => sorted[i]!).sort(byDistance)).toEqual(sorted);
  }
});
