import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { evaluate, localMethod, plainMethod } from "../../../dist/doors/evaluate.js";
import { similarImage, similarKinds } from "../../../dist/evaluate/generated/similar.js";
import { someScene } from "../../../dist/evaluate/generated/scene.js";
import { Random } from "../../../dist/evaluate/random.js";
import { folder } from "../../support/cli.ts";
import { needsLongRun } from "../../support/long.ts";

/** A folder of made scenes that are large enough to have points everywhere. */
async function scenes(count: number): Promise<string> {
  const made = join(folder(), "originals");
  mkdirSync(made);
  for (let i = 0; i < count; i++) {
    const { data, width, height } = someScene(new Random("local", i), 480, 360);
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    writeFileSync(join(made, `${i}.png`), png);
  }
  return made;
}

describe("local points, measured", () => {
  it("find parts that hashes do not, and the report says what they cost", async (ctx) => {
    needsLongRun(ctx);
    const methods = [plainMethod(), localMethod({ crops: false })];
    const options = { attacks: ["part-30", "cells-4"], generated: 0, methods, previews: 0, concurrency: 1 };
    const { methods: figures } = await evaluate(await scenes(2), options);
    const [plain, local] = figures;
    expect(plain!.recall.match).toBe(0);
    expect(local!.recall.match).toBeGreaterThanOrEqual(0.75);
    expect(local!.falseMatches.matches).toBe(0);
    expect(local!.stages.map(({ name }) => name)).toContain("local");
    expect(local!.cost.hashes).toBeGreaterThan(plain!.cost.hashes);
  });

  it("similar images of a kind share something and differ in the rest, and are the same for the same seed", async () => {
    expect(similarKinds).toHaveLength(14);
    for (const kind of ["same-form", "bricks", "same-banner"] as const) {
      const [one, again, other] = [
        await similarImage(kind, 1, 7),
        await similarImage(kind, 1, 7),
        await similarImage(kind, 2, 7),
      ];
      expect(Buffer.compare(one.data, again.data), kind).toBe(0);
      expect(Buffer.compare(one.data, other.data), kind).not.toBe(0);
    }
  });

  it("find nothing of an original in similar images, and no similar image in another", async (ctx) => {
    needsLongRun(ctx);
    const methods = [localMethod({ crops: false })];
    const options = { attacks: ["jpeg-50"], generated: 0, similar: 4, unrelatedAttacks: 0, methods, previews: 0 };
    const { methods: figures, images } = await evaluate(await scenes(2), options);
    expect(images.generated["bricks"]).toBe(4);
    // The same words are found as one another, letter for letter. Nothing else is.
    const captions = "the same captions";
    const others = figures[0]!.falseMatches.strata.filter(
      ({ queries, listed }) => queries !== captions || listed !== captions,
    );
    expect(others.map(({ matches }) => matches)).toEqual(others.map(() => 0));
    const among = others.find(({ queries, listed }) => queries === "similar images" && listed === "similar images")!;
    expect(among.pairs).toBeGreaterThan(2000);
    expect(among.reviews).toBeLessThanOrEqual(among.pairs / 1000);
  });
});
