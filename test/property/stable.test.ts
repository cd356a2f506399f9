import { expect, test } from "vitest";
import { hashPixelsSync } from "../../dist/index.js";
import { random } from "../support/hashes.ts";

const side = 64;
/** Row i of the transformation, i = 0 … 15, by its definition: frequencies 1 to 16. */
const rows = Array.from({ length: 16 }, (_, i) =>
  Float64Array.from(
    { length: side },
    (_, j) => Math.sqrt(2 / side) * Math.cos((Math.PI / 2 / side) * (i + 1) * (2 * j + 1)),
  ),
);

/** The largest coefficient of an image of 64×64 pixels, which is hashed without a filter. */
function largest(data: Uint8Array): number {
  let most = 0;
  for (const down of rows) {
    const columns = Float64Array.from({ length: side }, (_, x) =>
      down.reduce((sum, weight, y) => sum + weight * data[side * y + x]!, 0),
    );
    for (const across of rows) {
      most = Math.max(most, Math.abs(across.reduce((sum, weight, x) => sum + weight * columns[x]!, 0)));
    }
  }
  return most;
}

test("a hash is stable where a coefficient is at least 0.1, by a transformation of our own", () => {
  const next = random(91);
  const seen = { below: 0, near: 0, above: 0 };
  for (let round = 0; round < 60; round++) {
    // One grey, of which some pixels are one step lighter.
    const data = new Uint8Array(side * side).fill(100);
    for (let i = 0; i < round; i++) data[next() % data.length] = 101;
    const coefficient = largest(data);
    if (Math.abs(coefficient - 0.1) < 1e-3) continue; // the core computes with less precision
    const { stable } = hashPixelsSync({ data, width: side, height: side, channels: 1 });
    expect([round, coefficient, stable]).toEqual([round, coefficient, coefficient > 0.1]);
    seen[coefficient < 0.1 ? "below" : coefficient < 1 ? "near" : "above"]++;
  }
  expect(seen.below).toBeGreaterThan(2);
  expect(seen.near).toBeGreaterThan(10);
});
