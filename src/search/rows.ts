import { bytes, checkOptions, integer, invalidArgument, isBytes, isIterable } from "../check.js";
import { InvalidArgumentError, InvalidHashError } from "../errors.js";
import { type CropHashes, mostCrops } from "../copies/crop-hashes.js";
import { type HashLike, hashToBytes } from "../hash/value.js";

/** Several hashes: one array of 32 bytes each, end to end, or any iterable. */
export type Hashes = Uint8Array | Iterable<HashLike>;

/** Several ids: whole numbers from 0 to 2⁵³ − 1. */
export type Ids = Float64Array | Uint32Array | Iterable<number>;

/** Returns one hash as bytes. Bytes are not copied: the call reads them at once. */
export function oneHash(hash: HashLike): Uint8Array {
  return isBytes(hash) && hash.length === 32 ? hash : hashToBytes(hash);
}

export function packHashes(hashes: Hashes): Uint8Array {
  if (isBytes(hashes)) {
    if (bytes("hashes", hashes).length % 32 === 0) return hashes;
    throw new InvalidHashError(`Expected a multiple of 32 bytes but received ${hashes.length}`);
  }
  if (!isIterable(hashes)) {
    throw new InvalidHashError(`Expected several hashes but received one ${typeof hashes}`);
  }
  const list = Array.from(hashes, (hash) => hashToBytes(hash));
  const packed = new Uint8Array(32 * list.length);
  list.forEach((hash, i) => packed.set(hash, 32 * i));
  return packed;
}

export function oneId(id: number): number {
  return integer("id", id, 0, Number.MAX_SAFE_INTEGER);
}

export function packIds(ids: Ids): Float64Array {
  if (ids instanceof Float64Array) return ids; // the addon checks each
  if (ids instanceof Uint32Array) return Float64Array.from(ids);
  if (!isIterable(ids)) {
    throw invalidArgument("ids", "iterable of integers", ids);
  }
  return Float64Array.from(ids, (id) => integer("ids", id, 0, Number.MAX_SAFE_INTEGER));
}

/** Returns the tag among the options of a call that adds one hash; 0 if there is none. */
export function oneTag(options: { tag?: number } | undefined): number {
  const { tag = 0 } = checkOptions(options, ["tag"]);
  return integer("tag", tag, 0, 255);
}

/** Rows to add, after their check. */
export interface Addition {
  ids: Float64Array;
  hashes: Uint8Array;
  tags: Uint8Array | undefined;
  /** The number of each row's crop, from 1; 0 for an original. Undefined: there are none. */
  crops?: Uint8Array;
}

export function checkAddition(ids: Ids, hashes: Hashes, tags: Uint8Array | undefined): Addition {
  const packed = { ids: packIds(ids), hashes: packHashes(hashes), tags };
  const count = packed.hashes.length / 32;
  if (packed.ids.length !== count) {
    throw new InvalidArgumentError(`Expected an id for each of ${count} hashes but received ${packed.ids.length}`);
  }
  if (tags !== undefined && !isBytes(tags)) throw invalidArgument("tags", "Uint8Array", tags);
  if (tags !== undefined && tags.length !== count) {
    throw new InvalidArgumentError(`Expected a tag for each of ${count} hashes but received ${tags.length}`);
  }
  return packed;
}

/**
 * Returns an original and its crops as rows of one id, the original's first. @throws {InvalidArgumentError}
 * {InvalidHashError}
 */
export function checkCropAddition(
  id: number,
  hashes: CropHashes,
  options: { tag?: number; cropTag?: number } | undefined,
): Addition & { crops: Uint8Array } {
  const { tag = 0, cropTag = tag } = checkOptions(options, ["tag", "cropTag"]);
  if (typeof hashes !== "object" || hashes === null || !Array.isArray(hashes.crops)) {
    throw invalidArgument("hashes", "result of hashWithCrops", hashes);
  }
  if (hashes.crops.length > mostCrops)
    throw invalidArgument("crops", `at most ${mostCrops} crops`, hashes.crops.length);
  const count = 1 + hashes.crops.length;
  integer("tag", tag, 0, 255);
  const tags = new Uint8Array(count).fill(integer("cropTag", cropTag, 0, 255));
  tags[0] = tag;
  return {
    ids: new Float64Array(count).fill(oneId(id)),
    hashes: packHashes([hashes.hash, ...hashes.crops.map(({ hash }) => hash)]),
    tags,
    crops: Uint8Array.from({ length: count }, (_, number) => number),
  };
}
