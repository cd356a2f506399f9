/** The 102 known answers of the reference, on every kernel this processor runs, by both methods. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diagnose, type Orientation, hashPixelsSync } from "../../dist/index.js";
import { fnv1a32, makeInput, SPECS } from "../../fixtures/kat/inputs.mjs";
import { rounds } from "../support/long.ts";

interface Vector {
  id: string;
  width: number;
  height: number;
  channels: 1 | 3;
  inputFnv1a32: string;
  hash: string;
  quality: number;
  dihedral: Record<Orientation, string>;
  fragile: boolean;
}

const file = new URL("../../fixtures/kat/pdq-synthetic.json", import.meta.url);
const { head, vectors } = JSON.parse(readFileSync(file, "utf8")) as { head: { count: number }; vectors: Vector[] };
const kernels = (await diagnose()).kernels.filter((kernel) => kernel.supported).map((kernel) => kernel.name);

it("there are 102 vectors, each with its input", () => {
  expect(head.count).toBe(102);
  expect(vectors.map((vector) => vector.id)).toEqual(SPECS.map((spec) => spec.id));
});

describe(`on ${kernels.join(", ")}`, () => {
  it.each(vectors)("$id", (vector) => {
    const data = makeInput(SPECS.find((spec) => spec.id === vector.id)!);
    expect(fnv1a32(data)).toBe(vector.inputFnv1a32);
    const { width, height, channels } = vector;
    // test/native/kat.cc has every kernel hash every vector; a large one is here on the best kernel alone in the short
    // run.
    const large = width * height > 500_000;
    for (const kernel of large ? kernels.slice(0, rounds(1, kernels.length)) : kernels) {
      for (const method of ["exact", "auto"] as const) {
        const plain = hashPixelsSync({ data, width, height, channels }, { kernel, method });
        expect(plain, `${kernel} ${method}`).toMatchObject({ hash: vector.hash, quality: vector.quality });
        // The reference's entry point for all orientations has no 64×64 shortcut, so its "orig" is another computation
        // there.
        const turned = hashPixelsSync({ data, width, height, channels }, { kernel, method, orientations: true });
        expect(turned.orientations, `${kernel} ${method}`).toEqual(vector.dihedral);
        expect(turned.hash, `${kernel} ${method}`).toBe(vector.hash);
      }
    }
  });
});
