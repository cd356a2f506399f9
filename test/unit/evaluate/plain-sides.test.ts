/** Images whose own sides have the colour of a frame are a stratum of the evaluation, and a kind that it generates. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { evaluate, type EvaluationMethod } from "../../../dist/doors/evaluate.js";
import { plainSidesOf } from "../../../dist/evaluate/run/plain-sides.js";
import { generated } from "../../../dist/evaluate/generated/generated.js";
import { folder } from "../../support/cli.ts";
import { scene } from "../../support/evaluate.ts";
import { needsLongRun } from "../../support/long.ts";

type Image = Parameters<typeof plainSidesOf>[0];

/** Grey levels by place, 100×80. */
function image(levelAt: (x: number, y: number) => number): Image {
  const data = new Uint8Array(3 * 100 * 80);
  for (let i = 0; i < data.length; i++) data[i] = levelAt(Math.floor(i / 3) % 100, Math.floor(i / 300));
  return { data, width: 100, height: 80 };
}

test.each<[string, number, (x: number, y: number) => number]>([
  ["grey", 0, () => 128],
  ["black", 4, () => 0],
  ["as dark as 24", 4, () => 24],
  ["as dark as 25", 0, () => 25],
  ["as bright as 231", 4, () => 231],
  ["as bright as 230", 0, () => 230],
  ["black on its left half", 1, (x) => (x < 50 ? 0 : 128)],
  ["white in its upper three quarters", 1, (_, y) => (y < 60 ? 255 : 128)],
  ["white in its upper 65 of 80 rows", 3, (_, y) => (y < 65 ? 255 : 128)],
  ["black and white in turns", 0, (x, y) => ((x + y) % 2 === 0 ? 0 : 255)],
  ["black left and white right", 2, (x) => (x < 10 ? 0 : x >= 90 ? 255 : 128)],
  ["bright only in its corner", 0, (x, y) => (x < 40 && y < 40 ? 255 : 128)],
])("an image that is %s has %i plain sides", (_, sides, levelAt) => {
  expect(plainSidesOf(image(levelAt))).toBe(sides);
});

test("every generated image of the kind has at least two plain sides, and those of another kind have none", async () => {
  for (let number = 0; number < 12; number++) {
    expect(plainSidesOf(await generated("edges", number, 1))).toBeGreaterThanOrEqual(2);
  }
  const scenes = await Promise.all([0, 1, 2, 3].map((number) => generated("scene", number, 1)));
  expect(scenes.map(plainSidesOf)).toEqual([0, 0, 0, 0]);
});

test("the report has figures for originals with plain sides in frames, and for the generated ones", async (ctx) => {
  needsLongRun(ctx);
  const originals = folder();
  const photo = await scene(1);
  writeFileSync(join(originals, "photo.png"), photo);
  const black = { top: 60, bottom: 60, left: 60, right: 60, background: "black" };
  writeFileSync(
    join(originals, "dark.png"),
    await sharp(await scene(2))
      .extend(black)
      .png()
      .toBuffer(),
  );
  let names: string[] = [];
  // It finds the dark original and the generated images in a border, and nothing else.
  const method: EvaluationMethod = {
    name: "mine",
    bits: 256,
    radius: 31,
    prepare: (list) => void (names = list.map(({ name }) => name)),
    find({ name }) {
      const own = name.slice(name.indexOf("/") + 1);
      const isFound = name.startsWith("border") && own !== "photo.png";
      return { matches: isFound ? [{ listIndex: names.indexOf(own), distance: 4 }] : [] };
    },
  };
  const { methods } = await evaluate(originals, {
    attacks: ["jpeg-50", "border-black-10", "fit-1x1-black"],
    generated: 2,
    methods: [method],
    previews: 0,
  });
  const strata = methods[0]!.strata.filter(({ by }) => by.startsWith("sides of a frame's colour"));
  expect(strata).toMatchObject([
    { by: "sides of a frame's colour, in frames and screens", name: "none or one", originals: 1, match: 0 },
    { by: "sides of a frame's colour, in frames and screens", name: "two to four", originals: 1, match: 0.5 },
    { by: "sides of a frame's colour, generated", name: "all", originals: 2, match: 0.5 },
  ]);
  // The generated ones are no originals.
  expect(methods[0]!.attacks.every(({ n }) => n === 2)).toBe(true);
});
