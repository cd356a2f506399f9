// Writes native/local/table.cc from 256 directions of 128 numbers and their thresholds.
import { writeFileSync } from "node:fs";

const directions = 256;
const values = 128;

/** CRC-32C, as native/search/file/crc32c.h computes it. */
function crc32c(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * Scales each direction so that its greatest number is 127, and rounds. The scale of a direction does not change its
 * bit, so its threshold is scaled with it; histograms have the scale 256.
 */
export function quantized(weights, thresholds) {
  const rows = new Int8Array(directions * values);
  const limits = new Int32Array(directions);
  for (let k = 0; k < directions; k++) {
    const row = weights.subarray(k * values, (k + 1) * values);
    const scale = 127 / row.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    row.forEach((w, i) => (rows[k * values + i] = Math.round(w * scale)));
    limits[k] = Math.round(thresholds[k] * scale * 256);
  }
  return { rows, limits };
}

/** The layout of `LocalTable.weights`: [chunk][four values][direction of the chunk][value]. */
function laidOut(rows) {
  const out = new Int8Array(rows.length);
  for (let k = 0; k < directions; k++) {
    for (let v = 0; v < values; v++) {
      const [chunk, direction] = [k >> 4, k & 15];
      out[(chunk * 32 + (v >> 2)) * 64 + 4 * direction + (v & 3)] = rows[k * values + v];
    }
  }
  return out;
}

function lines(numbers) {
  const out = [];
  let line = "   ";
  for (const number of numbers) {
    const next = ` ${number},`;
    if (line.length + next.length > 118) {
      out.push(line);
      line = "   ";
    }
    line += next;
  }
  return [...out, line].join("\n");
}

/** Writes the table. `recipe` says in a sentence how it was made. Returns its checksum. */
export function writeTable(file, { id, recipe, rows, limits }) {
  const weights = laidOut(rows);
  const bytes = new Uint8Array(weights.length + 4 * limits.length);
  bytes.set(new Uint8Array(weights.buffer));
  const view = new DataView(bytes.buffer);
  limits.forEach((limit, k) => view.setInt32(weights.length + 4 * k, limit, true));
  const checksum = crc32c(bytes);
  writeFileSync(
    file,
    `// Written by tools/local-table/train.mjs. ${recipe}
#include "table.h"

namespace empreinte {

// clang-format off
const LocalTable kLocalTable = {
    ${id},
    0x${checksum.toString(16).padStart(8, "0")}u,
    {
${lines(weights)}
    },
    {
${lines(limits)}
    },
};
// clang-format on

}  // namespace empreinte
`,
  );
  return checksum;
}
