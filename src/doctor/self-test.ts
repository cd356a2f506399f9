import { orientationNames } from "../hash/orientations.js";
import { hashPixelsSync } from "../hash/hash-pixels.js";
import { hashDistance, hashToBytes, hashToHex } from "../hash/value.js";
import { hashImage } from "../image/hash-image.js";
import { HashIndex } from "../search/hash-index.js";
import { jpeg } from "./jpeg.js";
import { knownAnswers } from "./known-answers.js";
import { png } from "./png.js";
import { draw, noise, scene } from "./synthetic.js";

/** One check of the self-test. */
export interface Check {
  /** What was checked, for instance `"search, kernel avx2"`. */
  name: string;
  /** One sentence that says what went wrong. Absent when the check passed. */
  fault?: string;
}

async function check(name: string, test: () => string | undefined | Promise<string | undefined>): Promise<Check> {
  try {
    const fault = await test();
    return fault === undefined ? { name } : { name, fault };
  } catch (error) {
    return { name, fault: error instanceof Error ? error.message : String(error) };
  }
}

/** Compares the hashes of both methods with the answers of the reference. */
function knownAnswersOn(kernel: string): string | undefined {
  for (const { id, pixels, hash, quality, orientations } of knownAnswers) {
    for (const method of ["auto", "exact"] as const) {
      const got = hashPixelsSync(pixels(), { kernel, method, orientations: true });
      const same = orientationNames.every((name, i) => got.orientations?.[name] === orientations[i]);
      if (got.hash !== hash || got.quality !== quality || !same) return `wrong answer for ${id} (method ${method})`;
    }
  }
  return undefined;
}

/** Compares searches among 500 hashes, 20 of them near the query, with counting bits one by one. */
function searchOn(kernel: string): string | undefined {
  const rows = draw(32, 500, [noise(1)]).data;
  const query = rows.slice(0, 32);
  for (let i = 0; i < 20; i++) {
    const near = query.slice();
    for (let bit = 0; bit < 2 * i; bit++) near[(7 * bit) % 32]! ^= 1 << (bit % 8);
    rows.set(near, 32 * (25 * i));
  }
  const distance = (row: number): number => {
    let count = 0;
    for (let i = 0; i < 32; i++) {
      for (let bits = query[i]! ^ rows[32 * row + i]!; bits !== 0; bits &= bits - 1) count++;
    }
    return count;
  };
  const index = new HashIndex();
  try {
    index.addManySync(Array(500).keys(), rows);
    for (const radius of [0, 31, 120, 256]) {
      const expected = Array.from({ length: 500 }, (_, id) => ({ id, distance: distance(id), orientation: "orig" }))
        .filter((match) => match.distance <= radius)
        .sort((a, b) => a.distance - b.distance || a.id - b.id);
      const got = index.searchSync(query, { radius, kernel });
      if (JSON.stringify(got) !== JSON.stringify(expected)) return `a search with radius ${radius} gives wrong matches`;
    }
  } finally {
    index.close();
  }
  return undefined;
}

function hashText(): string | undefined {
  for (const { id, hash } of knownAnswers) {
    const bytes = hashToBytes(` 0x${hash.toUpperCase()}\n`);
    if (hashToHex(bytes) !== hash || hashToHex(Buffer.from(bytes).toString("base64")) !== hash)
      return `the hash of ${id} does not come back`;
    if (hashDistance(bytes, hash) !== 0) return `the hash of ${id} has a distance from itself`;
  }
  return undefined;
}

/** Checks that a PNG, which keeps every pixel, has the hash of its pixels. */
async function decodePng(kernel: string): Promise<string | undefined> {
  for (const { id, pixels, hash } of knownAnswers) {
    if (pixels().channels !== 3) continue;
    const got = await hashImage(png(pixels()), { kernel });
    if (got.hash !== hash) return `${id} as a PNG has another hash than its pixels`;
  }
  return undefined;
}

/** Checks that the hash of a JPEG is near that of its pixels: 2 bits away when this was written. */
async function decodeJpeg(kernel: string): Promise<string | undefined> {
  const own = hashPixelsSync(draw(64, 56, [scene(7)]), { kernel });
  const distance = hashDistance((await hashImage(jpeg, { kernel })).hash, own.hash);
  return distance > 10 ? `a JPEG's hash is ${distance} bits from its image's` : undefined;
}

/** Runs every check that needs no file. `kernels` are the names of the kernels that this processor runs. */
export async function selfTest(kernels: string[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const kernel of kernels) {
    checks.push(await check(`known answers, kernel ${kernel}`, () => knownAnswersOn(kernel)));
    checks.push(await check(`search, kernel ${kernel}`, () => searchOn(kernel)));
  }
  checks.push(await check("hash text", hashText));
  // By name, so that a wrong EMPREINTE_KERNEL is one fault and not four.
  const best = kernels[0]!;
  checks.push(await check("PNG", () => decodePng(best)));
  checks.push(await check("JPEG", () => decodeJpeg(best)));
  return checks;
}
