/** Without an addon, WebAssembly gives what the addon gives, and what it cannot do is refused by name. */
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { fallbackBinding } from "../../dist/native/fallback/binding.js";
import { findCore } from "../../dist/native/fallback/core.js";
import { native } from "../../dist/native/load.js";
import { clusteredHashes, hashAt, randomHashes } from "../support/hashes.ts";
import { sceneOf } from "../support/known-answers.ts";
import { needsLongRun, rounds } from "../support/long.ts";
import { root } from "../support/run.ts";

const core = findCore(pathToFileURL(root));
const fallback = fallbackBinding(core!, "There is no addon.");
beforeEach((ctx) => {
  if (core === undefined) ctx.skip("skipped: needs npm run build:wasm (clang-19, lld-19)");
});

/** Runs one call with both, and compares the answers, or the codes of the errors. */
function expectSame(call: (binding: typeof native) => unknown, name: string): void {
  const answer = (binding: typeof native): unknown => {
    try {
      return call(binding);
    } catch (error) {
      return { code: (error as { code?: string }).code, message: (error as Error).message };
    }
  };
  expect(answer(fallback), name).toEqual(answer(native));
}

const bytes = (count: number, seed: number): Uint8Array => randomHashes(Math.ceil(count / 32), seed).slice(0, count);

describe("hashing", () => {
  test.each([
    { channels: 1 },
    { channels: 2 },
    { channels: 3 },
    { channels: 4 },
    { channels: 4, cmyk: true },
    { channels: 1, depth: 16 },
    { channels: 3, depth: 16 },
    { channels: 4, depth: 16, cmyk: true },
  ] as const)("samples %o", (form) => {
    const { channels, ...options } = { depth: 8 as const, cmyk: false, ...form };
    for (const [width, height] of [
      [1, 1],
      [4, 90],
      [64, 64],
      [131, 77],
    ] as const) {
      const stride = width * channels * (options.depth / 8);
      const pixels = { data: bytes(stride * height, width), width, height, channels, stride };
      expectSame((binding) => binding.hashSync(pixels, { ...options, orientations: true }), `${width}×${height}`);
      expectSame((binding) => binding.hashSync({ ...pixels, stride: stride - 1 }, options), "a stride too short");
    }
  });

  test("a scene with every method, gaps between its rows, and as the C++ tool does it", async () => {
    const [width, height] = [600, 530];
    const pixels = { data: sceneOf(width, height, 5), width, height, channels: 3, stride: 3 * width };
    for (const method of [0, 1])
      for (const compat of [0, 1])
        expectSame(
          (binding) => binding.hashSync(pixels, { method, compat, orientations: true }),
          `${method} ${compat}`,
        );
    const part = { ...pixels, width: 200 };
    expectSame((binding) => binding.hashSync(part), "gaps");
    expect(await fallback.hash(pixels, {}, undefined)).toEqual(await native.hash(pixels, {}, undefined));
    expectSame((binding) => binding.hashSync(pixels, { kernel: "none" }), "a kernel that is unknown");
    expect(fallback.hashSync(pixels, { kernel: "portable" })).toEqual(native.hashSync(pixels, { kernel: "portable" }));
  });

  test("an image that takes more memory than is kept", (ctx) => {
    needsLongRun(ctx);
    const [width, height] = [9000, 9000];
    const pixels = { data: new Uint8Array(width * height * 4), width, height, channels: 4, stride: 4 * width };
    pixels.data.set(sceneOf(1000, 700, 1));
    expectSame((binding) => binding.hashSync(pixels), "large");
    expectSame((binding) => binding.hashSync(pixels), "again");
  });

  test("values", () => {
    const hashes = randomHashes(20, 3);
    for (let i = 0; i < 19; i++)
      expectSame((binding) => binding.distance(hashAt(hashes, i), hashAt(hashes, i + 1)), "distance");
    const hex = Buffer.from(hashAt(hashes, 0)).toString("hex");
    for (const text of [
      hex,
      ` 0x${hex.toUpperCase()}\n`,
      Buffer.from(hashAt(hashes, 0)).toString("base64"),
      "",
      "é",
      `${hex}0`,
    ])
      expectSame((binding) => binding.parseHash(text), text);
    for (const hash of [
      hashAt(hashes, 0),
      new Uint8Array(32),
      new Uint8Array(32).fill(255),
      new Uint8Array(32).fill(0xaa),
    ])
      expectSame((binding) => binding.trivialReason(hash), "trivial");
    expectSame((binding) => {
      const luma = Uint8Array.from({ length: 256 }, (_, i) => i);
      binding.expandLuma(luma);
      return luma;
    }, "luma");
  });
});

describe("indexes", () => {
  /** Makes the same changes in both, and compares what they have then. */
  test("additions, removals, replacements, crops and tags", async () => {
    const count = rounds(400, 4000);
    const hashes = clusteredHashes(count, 7);
    const ids = Float64Array.from({ length: count }, (_, i) => 3 * i + 1);
    const tags = Uint8Array.from(ids, (id) => id % 5);
    const made = [fallback, native].map((binding) => ({ binding, index: binding.createIndex(16) }));
    const both = (call: (binding: typeof native, index: (typeof made)[0]["index"]) => unknown): void => {
      const answers = made.map(({ binding, index }) => {
        try {
          return call(binding, index);
        } catch (error) {
          return { code: (error as { code?: string }).code, message: (error as Error).message };
        }
      });
      expect(answers[0]).toEqual(answers[1]);
    };
    const compare = (): void => {
      const queries = hashes.slice(0, 32 * 8);
      for (const radius of [0, 31, 90, 256])
        for (const options of [undefined, { limit: 3 }, { limit: 5, nearest: true }, { separateCrops: true }])
          both((binding, index) => binding.searchSync(index, queries, radius, options));
      const some = new Uint8Array(32).fill(0b1010, 0, 1);
      both((binding, index) => binding.searchSync(index, queries, 120, { tags: some }));
      both((binding, index) => binding.indexStats(index).rows);
    };
    both((binding, index) => binding.indexAdd(index, ids, hashes, tags));
    compare();
    both((binding, index) => binding.indexAdd(index, 4, hashAt(hashes, 1), undefined));
    both((binding, index) => binding.indexAdd(index, Float64Array.of(2, 2), hashes.slice(0, 64), undefined));
    both((binding, index) => binding.indexAdd(index, 2, hashes.slice(0, 31), undefined));
    both((binding, index) => binding.indexAdd(index, 0.5, hashAt(hashes, 1), undefined));
    both((binding, index) => binding.indexRemove(index, Float64Array.of(1, 2)));
    both((binding, index) => binding.indexRemove(index, ids.slice(10, 60)));
    both((binding, index) => binding.indexReplace(index, 7, hashAt(hashes, 0), 3));
    both((binding, index) => binding.indexReplace(index, 8, hashAt(hashes, 0), 3));
    compare();
    const crops = Uint8Array.of(0, 1, 2);
    const rows = hashes.slice(32, 32 * 4);
    both((binding, index) => binding.indexAdd(index, new Float64Array(3).fill(2 ** 53 - 1), rows, undefined, crops));
    compare();
    both((binding, index) => binding.indexHashes(index, Float64Array.of(2 ** 53 - 1, 5), Uint8Array.of(2, 1)));
    both((binding, index) => binding.indexHas(index, 7));
    both((binding, index) => binding.indexRemove(index, 2 ** 53 - 1));
    for (const { binding, index } of made)
      await binding.indexAddMany(index, Float64Array.of(2), rows.slice(0, 32), undefined, undefined);
    compare();
    const found = await Promise.all(
      made.map(({ binding, index }) => binding.search(index, rows, 60, undefined, undefined)),
    );
    expect(found[0]).toEqual(found[1]);
    for (const { binding, index } of made) binding.closeIndex(index);
    both((binding, index) => binding.indexStats(index).rows);
  });
});

test("what needs the addon names itself, and is no promise that nobody awaits", () => {
  for (const [name, subject] of [
    ["openIndex", "Opening an index file"],
    ["indexSave", "Saving or checking an index file"],
    ["createList", "Reading plain lists"],
    ["createViews", "Searching for altered copies and crops"],
    ["alignVideos", "Comparing videos"],
    ["localRegister", "Searching local points"],
    ["shrink", "Reducing an image"],
  ] as const)
    expect(() => (fallback[name] as () => unknown)()).toThrow(`${subject} needs the native addon. There is no addon.`);
});
