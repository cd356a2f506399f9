// Writes the known answers with their inputs to standard output, for the C++ test program:
// a line `id width height channels hash quality luma grid dct orientations×8`, then the samples.
import { writeSync } from "node:fs";
import { readFileSync } from "node:fs";
import { makeInput } from "../../fixtures/kat/inputs.mjs";

const { vectors } = JSON.parse(readFileSync(new URL("../../fixtures/kat/pdq-synthetic.json", import.meta.url), "utf8"));
const write = (bytes) => {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at, Math.min(1 << 16, bytes.length - at));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
};
for (const v of vectors) {
  const d = v.dihedral;
  const names = ["orig", "rot90", "rot180", "rot270", "flipX", "flipY", "flipPlus1", "flipMinus1"];
  const none = "-";
  const fields = [v.id, v.width, v.height, v.channels, v.hash, v.quality, v.lumaFnv1a32 ?? none, v.f64Fnv1a32 ?? none];
  fields.push(v.dctFnv1a32 ?? none, ...names.map((name) => d[name]));
  write(Buffer.from(fields.join(" ") + "\n"));
  write(makeInput(v));
}
