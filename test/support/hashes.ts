/** Random and clustered hashes, and the slow, plain search that the real one is compared with. */

export interface Hit {
  id: number;
  distance: number;
  orientation: string;
  crop?: number;
}

/** Numbers from a seed: xorshift32. */
export function random(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** `count` hashes of 32 bytes, end to end: every bit even odds. */
export function randomHashes(count: number, seed: number): Uint8Array {
  const next = random(seed);
  const words = new Uint32Array(8 * count);
  for (let i = 0; i < words.length; i++) words[i] = next();
  return new Uint8Array(words.buffer);
}

/** As `randomHashes`, but around few centres, 0 to 40 flipped bits away, so that small radii find something. */
export function clusteredHashes(count: number, seed: number): Uint8Array {
  const next = random(seed);
  const centres = randomHashes(7, seed + 1);
  const hashes = new Uint8Array(32 * count);
  for (let i = 0; i < count; i++) {
    const centre = next() % 7;
    const hash = hashes.subarray(32 * i, 32 * i + 32);
    hash.set(centres.subarray(32 * centre, 32 * centre + 32));
    for (let flips = next() % 41; flips > 0; flips--) hash[next() % 32]! ^= 1 << (next() % 8);
  }
  return hashes;
}

export function hex(hash: Uint8Array): string {
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Differing bits by way of one large number each: slow, and nothing to get wrong. */
export function bigDistance(a: Uint8Array, b: Uint8Array): number {
  let rest = BigInt(`0x${hex(a)}`) ^ BigInt(`0x${hex(b)}`);
  let bits = 0;
  for (; rest > 0n; rest >>= 1n) bits += Number(rest & 1n);
  return bits;
}

const bitsOf = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/** The distance from `query` to each of the hashes. */
export function distances(hashes: Uint8Array, query: Uint8Array): Uint16Array {
  const all = new Uint16Array(hashes.length / 32);
  for (let id = 0; id < all.length; id++) {
    for (let i = 0; i < 32; i++) all[id]! += bitsOf[hashes[32 * id + i]! ^ query[i]!]!;
  }
  return all;
}

/** Every hash within the radius, sorted by distance, then id. */
export function within(all: Uint16Array, radius: number): Hit[] {
  const hits: Hit[] = [];
  all.forEach((distance, id) => {
    if (distance <= radius) hits.push({ id, distance, orientation: "orig" });
  });
  return hits.sort((a, b) => a.distance - b.distance || a.id - b.id);
}

export function oracle(hashes: Uint8Array, query: Uint8Array, radius: number): Hit[] {
  return within(distances(hashes, query), radius);
}

/** The first place where two lists of hits differ, or undefined: `toEqual` takes minutes for the large ones. */
export function difference(got: readonly Hit[], wanted: readonly Hit[]): string | undefined {
  if (got.length !== wanted.length) return `${got.length} hits, wanted ${wanted.length}`;
  const at = got.findIndex((hit, i) => {
    const { id, distance, crop } = wanted[i]!;
    return hit.id !== id || hit.distance !== distance || hit.crop !== crop;
  });
  return at < 0 ? undefined : `hit ${at}: ${JSON.stringify(got[at])}, wanted ${JSON.stringify(wanted[at])}`;
}

/**
 * The second half of a hash as an index file has it, by native/search/file/FORMAT.md: chunks 8 to 15, of which bit i of
 * chunk c is the bit 16·i + ((c − i) mod 16) of the hash. An index file has these 16 bytes in one piece.
 */
export function rowInIndexFile(hash: string): Buffer {
  const bytes = Buffer.from(hash, "hex");
  const bit = (number: number): number => (bytes[31 - (number >> 3)]! >> (number & 7)) & 1;
  const row = Buffer.alloc(16);
  for (let c = 8; c < 16; c++) {
    let chunk = 0;
    for (let i = 0; i < 16; i++) chunk |= bit(16 * i + ((c - i) & 15)) << i;
    row.writeUInt16LE(chunk, 2 * (c - 8));
  }
  return row;
}

/** Hash i of hashes end to end. */
export function hashAt(hashes: Uint8Array, i: number): Uint8Array {
  return hashes.subarray(32 * i, 32 * i + 32);
}

/** `count` ids in a row. */
export function idsFrom(first: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => first + i);
}
