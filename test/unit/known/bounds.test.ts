/** Lists at the bounds of what they keep together: the crops of an image, the entries of a page, digests. */
import { expect, test } from "vitest";
import { HashList } from "../../../dist/index.js";
import { mostCrops } from "../../../dist/lists/crops.js";
import { pageEntries } from "../../../dist/known/entries.js";
import { hexHashes } from "../../support/lists.ts";

const list = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(""));

test("the last of the most crops that an image may have is one of it, and one more is an entry of its own", async () => {
  const hashes = hexHashes(mostCrops + 2, 5);
  const lines = hashes.map((hash, i) => (i === 0 ? `${hash},image` : `${hash},image;crop=c${i}`));
  const known = await HashList.load(list(lines));
  const lineOf = async (i: number): Promise<number[]> =>
    (await known.search(hashes[i]!, { radius: 0 })).map(({ line }) => line);
  expect([await lineOf(1), await lineOf(mostCrops), await lineOf(mostCrops + 1)]).toEqual([[1], [1], [mostCrops + 2]]);
});

test("each entry has its own metadata and line, before and behind the end of a page", async () => {
  const hashes = hexHashes(pageEntries + 40, 6);
  const known = await HashList.load(list(hashes.map((hash, i) => `${hash},text ${i}`)));
  for (const i of [0, 1, pageEntries - 1, pageEntries, pageEntries + 1, pageEntries + 39]) {
    const found = await known.search(hashes[i]!, { radius: 0 });
    expect(found.map(({ line, metadata }) => [line, metadata])).toEqual([[i + 1, `text ${i}`]]);
  }
});

test("a list says how many digests it has only if it has any", async () => {
  const [hash] = hexHashes(1, 7);
  const known = await HashList.load([list([`pdq ${hash!}`]), list([`md5 ${"ab".repeat(16)}`])], { digests: true });
  expect(known.lists.map(({ digests }) => digests)).toEqual([undefined, 1]);
});
