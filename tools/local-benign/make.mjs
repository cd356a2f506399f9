// Makes the benign records that the library ships, and writes src/local/shipped-benign.ts: README.md in this folder.
//
//   node tools/local-benign/make.mjs [--images 8] [--out FILE]
//
// A record has the points that several images with one design share, and nothing of what they show otherwise.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { registerLocal } from "../../dist/doors/local.js";
import { designs, furnitureKinds, withFurniture } from "../../dist/evaluate/generated/similar.js";
import { Random } from "../../dist/evaluate/random.js";
import { HashIndex } from "../../dist/index.js";
import { joinRecord, splitRecord } from "../../dist/local/record-parts.js";

const near = 31;
const { values } = parseArgs({ options: { images: { type: "string" }, out: { type: "string" } } });
const images = Number(values.images ?? 8);
const out = values.out ?? new URL("../../src/local/shipped-benign.ts", import.meta.url);

/** Returns which descriptors of 32 bytes are near one of the others, or of a list. */
function shared(descriptors, others) {
  const index = new HashIndex();
  others.forEach((rows, i) => {
    for (let at = 0; at < rows.length / 32; at++) index.add(1000 * i + at, rows.subarray(32 * at, 32 * at + 32));
  });
  const found = index.searchManySync(descriptors, { radius: near, limit: 1 });
  index.close();
  return found.map((rows) => rows.length > 0);
}

const known = [];
const lines = [];
for (const kind of furnitureKinds) {
  for (let design = 0; design < designs; design++) {
    const records = [];
    for (let number = 0; number < images; number++) {
      const own = new Random("shipped", kind, design, number);
      const { data, width, height } = await withFurniture(kind, design, own);
      records.push((await registerLocal({ data, width, height, channels: 3 }, { most: 400 })).toBytes());
    }
    const rows = records.map((record) => splitRecord(record, () => true).descriptors);
    records.forEach((record, i) => {
      const also = shared(
        rows[i],
        rows.filter((_, other) => other !== i),
      );
      const already = known.length === 0 ? [] : shared(rows[i], known);
      const parts = splitRecord(record, (point) => also[point] && !already[point]);
      if (parts.descriptors.length === 0) return;
      known.push(parts.descriptors);
      lines.push(`  "${Buffer.from(joinRecord(parts)).toString("base64")}",`);
    });
  }
}
const points = known.reduce((sum, rows) => sum + rows.length / 32, 0);
const text = `/** Written by tools/local-benign/make.mjs: ${points} points of drawn interfaces, forms, banners and frames, in base64. */
export const shippedBenign: readonly string[] = [
${lines.join("\n")}
];
`;
writeFileSync(out, text);
console.log(`${points} points in ${lines.length} records, ${text.length} bytes`);
