/** The known answers of the reference, and the inputs that are made for them. */
import { readFileSync } from "node:fs";
import { makeInput, SPECS } from "../../fixtures/kat/inputs.mjs";

export { fnv1a32 } from "../../fixtures/kat/inputs.mjs";

export interface KnownAnswer {
  id: string;
  width: number;
  height: number;
  channels: 1 | 3;
  inputFnv1a32: string;
  hash: string;
  quality: number;
  orientations: Record<string, string>;
}

const file = new URL("../../fixtures/kat/pdq-synthetic.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as {
  vectors: (Omit<KnownAnswer, "orientations"> & { dihedral: Record<string, string> })[];
};

export const knownAnswers: readonly KnownAnswer[] = vectors.map(({ dihedral, ...rest }) => ({
  ...rest,
  orientations: dihedral,
}));

/** Makes the input of a known answer. */
export function inputOf(id: string): Uint8Array {
  const found = SPECS.find((spec) => spec.id === id);
  if (found === undefined) throw new Error(`there is no input ${id}`);
  return makeInput(found);
}

/** Makes a scene like a photograph, as RGB. */
export function sceneOf(width: number, height: number, seed: number): Uint8Array {
  const planes = [0, 1, 2].map((k) => ({ gen: "scene" as const, args: { seed: seed + k } }));
  return makeInput({ width, height, channels: 3, planes });
}
