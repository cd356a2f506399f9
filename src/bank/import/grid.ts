/**
 * Grids, frames, checkerboards, bars: a picture that is a function of x times a function of y has coefficients that are a
 * product too, so that its hash, their signs, is a pattern of rows times columns: each of the 16 rows is one row of 16 bits
 * or its complement. Such a hash is near those of all pictures of the kind, as of a collage's lattice or an empty form.
 */

/**
 * From this distance of the nearest such pattern on a hash is taken for an ordinary one. Drawn grids, frames and boards lie
 * within 20 bits; photographs from 52 on (100 of BSDS and Kodak), random bits from 71 on (20,000 of them).
 */
const ordinaryFrom = 33;

const ones: Uint8Array = new Uint8Array(65_536);
for (let word = 1; word < ones.length; word++) ones[word] = ones[word >> 1]! + (word & 1);

/** To the row or to its complement, whichever is nearer. */
function toRow(a: number, b: number): number {
  const distance = ones[a ^ b]!;
  return distance < 8 ? distance : 16 - distance;
}

function toPattern(rows: Uint16Array, row: number): number {
  let sum = 0;
  for (const one of rows) sum += toRow(one, row);
  return sum;
}

/** The columns' majority, each row turned so that it is nearest to `row`. */
function refined(rows: Uint16Array, row: number): number {
  let better = 0;
  for (let bit = 0; bit < 16; bit++) {
    let set = 0;
    for (const one of rows) set += (((ones[one ^ row]! > 8 ? ~one : one) >> bit) & 1) === 1 ? 1 : 0;
    if (set > 8) better |= 1 << bit;
  }
  return better;
}

/** About how many of the 256 bits differ from the nearest pattern of rows times columns; never fewer than really do. */
function toNearest(rows: Uint16Array): number {
  // A pattern within d bits differs from one of the rows by at most d/16 of them.
  let nearest = 257;
  let row = 0;
  for (const one of rows) {
    const distance = toPattern(rows, one);
    if (distance < nearest) [nearest, row] = [distance, one];
  }
  return Math.min(nearest, toPattern(rows, refined(rows, row)));
}

export function isGrid(hash: Uint8Array): boolean {
  // Two rows are no farther from each other than both from the pattern's, so that these eight distances of pairs are at
  // most the distance of all. They tell of nearly every hash, in a hundredth of the time, that it is none.
  let least = 0;
  for (let i = 0; i < 16; i += 2) {
    least += toRow((hash[i]! << 8) | hash[i + 1]!, (hash[i + 16]! << 8) | hash[i + 17]!);
  }
  if (least >= ordinaryFrom) return false;
  return toNearest(Uint16Array.from({ length: 16 }, (_, i) => (hash[2 * i]! << 8) | hash[2 * i + 1]!)) < ordinaryFrom;
}

/**
 * Cut at its own median a hash has half of its bits set. Coefficients that are equal, as most are of a nearly constant
 * picture, are all on one side. Of random bits, too, fewer than one hash in a hundred million is so unbalanced.
 */
export function isNearlyConstant(hash: Uint8Array): boolean {
  let set = 0;
  for (let i = 0; i < 32; i += 2) set += ones[(hash[i]! << 8) | hash[i + 1]!]!;
  return set < 80 || set > 176;
}

/** Whether it begins as a pattern of up to 4 bytes does that repeats. */
export const beginsPeriodic = (hash: Uint8Array): boolean =>
  hash[0] === hash[4] && hash[1] === hash[5] && hash[2] === hash[6] && hash[3] === hash[7];
