import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HashIndex, hashPixelsSync } from "../../../dist/index.js";
import { LocalIndex, registerLocal } from "../../../dist/doors/local.js";
import { at, crop, fromEach, mirrored, negative, type Rgb, scene } from "../../support/image/altered.ts";

// A search for altered copies that has the local points of its originals.
const originals = Array.from({ length: 4 }, (_, i) => scene(60 + i, 440, 330));
const index = new HashIndex({ memory: "rows" });
const local = new LocalIndex({ memory: "rows" });

beforeAll(async () => {
  for (const [i, original] of originals.entries()) {
    index.add(10 + i, hashPixelsSync(original).hash);
    local.add(10 + i, await registerLocal(original));
  }
});
afterAll(() => {
  index.close();
  local.close();
});

/**
 * Half of an original, off its middle, mirrored and inside another image: no view of it is near the original's hash.
 */
function hidden(original: Rgb): Rgb {
  const part = mirrored(crop(original, 0.3, 0.05, 0.05, 0.3));
  const [under, over] = [at(scene(77, 640, 460)), at(part)];
  return fromEach(640, 460, (x, y) => {
    const within = x >= 170 && y >= 110 && x < 170 + part.width && y < 110 + part.height;
    return within ? over(x - 170, y - 110) : under(x, y);
  });
}

describe("a thorough search with local points", () => {
  test("finds in the last stage what no hash finds", async () => {
    const image = hidden(originals[1]!);
    const without = await index.searchImage(image, { level: "thorough" });
    expect(without.matches.filter(({ id }) => id === 11)).toEqual([]);
    const { tier, matches, stages } = await index.searchImage(image, { level: "thorough", local });
    expect(tier).toBe("match");
    expect(matches[0]).toMatchObject({ id: 11, tier: "match", view: "local", orientation: "flipY" });
    expect(matches[0]!.local).toMatchObject({ mirrored: true, negative: false });
    expect(matches[0]!.region).toHaveLength(4);
    expect(stages.map(({ name }) => name)).toEqual([...without.stages.map(({ name }) => name), "local"]);
    expect(stages.at(-1)!.hashes).toBeGreaterThan(100);
  });

  test("tries the negative at the very end", async () => {
    const { matches, stages } = await index.searchImage(negative(hidden(originals[2]!)), { level: "thorough", local });
    expect(stages.map(({ name }) => name).slice(-2)).toEqual(["local", "local-negative"]);
    expect(matches[0]).toMatchObject({ id: 12, tier: "match", local: { negative: true, mirrored: true } });
  });

  test("does not use them where something sure was found, unless it looks for all", async () => {
    const usual = await index.searchImage(originals[0]!, { level: "thorough", local });
    expect(usual.stages.map(({ name }) => name)).toEqual(["plain"]);
    expect(usual.matches[0]!.local).toBeUndefined();
    const all = await index.searchImage(originals[0]!, { level: "thorough", local, all: true });
    expect(all.stages.map(({ name }) => name)).toContain("local");
    expect(all.matches[0]).toMatchObject({ id: 10, distance: 0, view: "original", tier: "match" });
    expect(all.matches[0]!.local!.support).toBeGreaterThan(20);
    expect(new Set(all.matches.map(({ id }) => id)).size).toBe(all.matches.length);
  });

  test("finds an original that has local points only", async () => {
    using hashes = new HashIndex({ memory: "rows" });
    const { matches } = await hashes.searchImage(originals[3]!, { level: "thorough", local });
    expect(matches.map(({ id, tier }) => ({ id, tier }))).toEqual([{ id: 13, tier: "match" }]);
  });

  test("refuses them at other levels, and what is no LocalIndex", async () => {
    const invalid = { code: "ERR_EMPREINTE_INVALID_ARGUMENT" };
    await expect(index.searchImage(originals[0]!, { local })).rejects.toMatchObject(invalid);
    await expect(index.searchImage(originals[0]!, { level: "standard", local })).rejects.toMatchObject(invalid);
    const other = { size: 1, has: () => true };
    await expect(index.searchImage(originals[0]!, { level: "thorough", local: other })).rejects.toMatchObject(invalid);
  });

  test("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const searching = index.searchImage(hidden(originals[1]!), { level: "thorough", local, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(searching).rejects.toThrow("enough");
  });
});
