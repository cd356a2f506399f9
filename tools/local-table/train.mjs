// Trains the local table on photographs and writes native/local/table.cc: README.md in this folder.
//
//   node tools/local-table/train.mjs FOLDER… [--id 1] [--seed 18] [--copies 6] [--kept 48] [--out FILE]
//
// Every second photograph of each folder, in the order of names, is trained on; the others measure the result.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { eigen, product, randomOrthogonal, randomSource, transposed } from "./matrices.mjs";
import { addPairs, values } from "./pairs.mjs";
import { quantized, writeTable } from "./table-source.mjs";

const rows = 256;

/** Mean of x·xᵀ, of vectors that `vector(i)` gives. */
function meanProduct(count, vector) {
  const sum = new Float64Array(values * values);
  for (let n = 0; n < count; n++) {
    const x = vector(n);
    for (let i = 0; i < values; i++) {
      if (x[i] === 0) continue;
      for (let j = 0; j < values; j++) sum[i * values + j] += x[i] * x[j];
    }
  }
  return sum.map((x) => x / count);
}

/**
 * The directions that distinguish places and hardly change for one place: whiten what changes, and keep those of the
 * whitened histograms that vary most.
 */
function projection(pairs, all, kept) {
  const difference = new Float64Array(values);
  const changes = meanProduct(pairs.length, (n) => {
    const { a, b } = pairs[n];
    for (let i = 0; i < values; i++) difference[i] = (a[i] - b[i]) / 256;
    return difference;
  }).map((x) => x / 2);
  let trace = 0;
  for (let i = 0; i < values; i++) trace += changes[i * values + i];
  for (let i = 0; i < values; i++) changes[i * values + i] += (0.02 * trace) / values;
  const within = eigen(changes, values);
  // Columns scaled by λ^(−½).
  const whitening = within.vectors.map((x, at) => x / Math.sqrt(within.values[at % values]));

  const mean = new Float64Array(values);
  for (const { histogram } of all) histogram.forEach((x, i) => (mean[i] += x / 256 / all.length));
  const centred = new Float64Array(values);
  const covariance = meanProduct(all.length, (n) => {
    for (let i = 0; i < values; i++) centred[i] = all[n].histogram[i] / 256 - mean[i];
    return centred;
  });
  const white = product(
    product(transposed(whitening, values, values), covariance, values, values, values),
    whitening,
    values,
    values,
    values,
  );
  const between = eigen(white, values);
  const out = product(whitening, between.vectors, values, values, values);
  // The first `kept` columns, scaled by λ^(−¼).
  const p = new Float64Array(values * kept);
  for (let i = 0; i < values; i++)
    for (let k = 0; k < kept; k++) p[i * kept + k] = out[i * values + k] * between.values[k] ** -0.25;
  return p;
}

/** 256 directions, orthogonal in blocks of `kept` before the projection. */
function directions(p, kept, random) {
  const weights = new Float64Array(rows * values);
  const turnedBack = transposed(p, values, kept);
  for (let from = 0; from < rows; from += kept) {
    const block = product(randomOrthogonal(kept, random), turnedBack, kept, kept, values);
    weights.set(block.subarray(0, Math.min(kept, rows - from) * values), from * values);
  }
  return weights;
}

/** The whole numbers that the core compares with thresholds, for one histogram. */
function sums(table, histogram, out) {
  for (let k = 0; k < rows; k++) {
    let sum = 0;
    for (let i = 0; i < values; i++) sum += table[k * values + i] * histogram[i];
    out[k] = sum;
  }
}

/** Thresholds at the medians, so that every bit is balanced. */
function medians(table, all) {
  const columns = Array.from({ length: rows }, () => new Float64Array(all.length));
  const out = new Float64Array(rows);
  all.forEach(({ histogram }, n) => {
    sums(table, histogram, out);
    for (let k = 0; k < rows; k++) columns[k][n] = out[k];
  });
  return Int32Array.from(columns, (column) => column.sort()[column.length >> 1]);
}

/** Eight words of 32 bits. */
function bitsOf(table, limits, histogram, scratch) {
  sums(table, histogram, scratch);
  const bits = new Uint32Array(8);
  for (let k = 0; k < rows; k++) if (scratch[k] > limits[k]) bits[k >> 5] |= 1 << (k & 31);
  return bits;
}

function ones(x) {
  x -= (x >>> 1) & 0x55555555;
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
function distance(a, b) {
  let sum = 0;
  for (let i = 0; i < 8; i++) sum += ones(a[i] ^ b[i]);
  return sum;
}

/** Prints which share of true pairs is within some radii, and how many rows of other photographs a million. */
function measure(table, limits, pairs, all) {
  const radii = [20, 25, 31, 36, 40, 50, 64];
  const scratch = new Float64Array(rows);
  const known = all.map(({ histogram, photograph }) => ({
    bits: bitsOf(table, limits, histogram, scratch),
    photograph,
  }));
  const found = radii.map(() => 0);
  const wrong = radii.map(() => 0);
  let compared = 0;
  pairs.forEach(({ a, b, photograph }, n) => {
    const query = bitsOf(table, limits, b, scratch);
    const apart = distance(bitsOf(table, limits, a, scratch), query);
    radii.forEach((radius, i) => (found[i] += apart <= radius ? 1 : 0));
    if (n % Math.ceil(pairs.length / 1000) > 0) return;
    for (const row of known) {
      if (row.photograph === photograph) continue;
      compared++;
      const other = distance(row.bits, query);
      radii.forEach((radius, i) => (wrong[i] += other <= radius ? 1 : 0));
    }
  });
  console.log(`radius        ${radii.join("\t")}`);
  console.log(`found, %      ${found.map((n) => ((100 * n) / pairs.length).toFixed(1)).join("\t")}`);
  console.log(
    `wrong/million ${wrong.map((n) => ((1e6 * n) / compared).toFixed(2)).join("\t")}  (${compared} compared)`,
  );
}

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    id: { type: "string", default: "1" },
    seed: { type: "string", default: "18" },
    copies: { type: "string", default: "6" },
    kept: { type: "string", default: "48" },
    out: { type: "string", default: "native/local/table.cc" },
  },
});
if (folders.length === 0) throw new Error("Give folders of photographs.");
const [id, seed, copies, kept] = ["id", "seed", "copies", "kept"].map((name) => Number(options[name]));
const random = randomSource(seed);
const files = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
    .toSorted()
    .map((name) => join(folder, name)),
);
const halves = [0, 1].map(() => ({ pairs: [], all: [] }));
for (const [i, file] of files.entries()) {
  const { pairs, all } = halves[i % 2];
  await addPairs(file, i, i % 2 === 0 ? copies : 2, random, pairs, all);
  if (i % 20 === 19) console.log(`${i + 1} of ${files.length} photographs, ${halves[0].pairs.length} pairs`);
}
const [training, check] = halves;
console.log(
  `${training.pairs.length} pairs of ${training.all.length} points to train on, ${check.pairs.length} to check`,
);
const weights = directions(projection(training.pairs, training.all, kept), kept, random);
const { rows: table } = quantized(weights, new Float64Array(rows));
const limits = medians(table, training.all);
measure(table, limits, check.pairs, check.all);
const recipe = `Seed ${seed}, ${kept} directions kept, ${training.pairs.length} pairs.`;
const checksum = writeTable(options.out, { id, recipe, rows: table, limits });
console.log(`wrote table ${id}, checksum ${checksum.toString(16).padStart(8, "0")}`);
