import { integer, invalidArgument, oneOf, checkOptions, checkSignal } from "../check.js";
import { checkHashOptions } from "../hash/options.js";
import { hashDistance, hashToHex } from "../hash/value.js";
import type { ImageInput } from "../image/input.js";
import { checkInputOptions } from "../image/options.js";
import { readSamples, type Samples } from "../image/samples.js";
import type { Limits } from "../limits.js";
import { cropMetadata, isCropLine } from "../lists/crops.js";
import { metadataCell } from "../lists/formats/plain.js";
import { HashIndex } from "../search/hash-index.js";
import { type Crop, cropsOf, hashCrop } from "../views/crops.js";

export interface HashWithCropsOptions extends Limits {
  /** `"standard"`: at most 24 hashes beside the original's; `"thorough"`: at most 60. Default `"standard"`. */
  level?: "standard" | "thorough";
  signal?: AbortSignal;
  /** What errors call the input. Default: the path, "buffer" or "stream". */
  name?: string;
}

/** The standard hash of a part of an original. */
export interface CropHash {
  /** 64 lower-case hex digits: what any PDQ hasher gives for these pixels. */
  hash: string;
  /** 80 … 100 */
  quality: number;
  /** Which part, for people: "centre-10", "square", "left-20". */
  name: string;
  /** Shares of the original's width and height, from the top left. */
  region: { left: number; top: number; right: number; bottom: number };
}

/** The hash of an original, and those of parts that people cut out of such pictures. */
export interface CropHashes {
  /** 64 lower-case hex digits. */
  hash: string;
  /** 0 … 100; below 50 the hash should not be listed. */
  quality: number;
  /** False when the hash is rounding noise. */
  stable: boolean;
  /** Those of most worth first. */
  crops: CropHash[];
}

const most = { standard: 24, thorough: 60 } as const;
const optionNames = ["level", "signal", "name", "maxPixels", "maxBytes", "maxSeconds", "maxPages"];

/** A derived hash has to be better than what a list asks for: nobody looks at it. */
const leastQuality = 80;
/** As near to one before, it finds little that the other does not. */
const same = 10;
/** A part needs so many pixels a side to be told from others. */
const leastSide = 64;

/** Ids of one entry: 64·entry for the original, those up to 63 more for what is derived of it. */
const idsEach = 64;

async function derive(samples: Samples, crop: Crop, signal: AbortSignal | undefined): Promise<CropHash | undefined> {
  const part = await hashCrop(samples, crop, leastSide, signal);
  return part === undefined || part.quality < leastQuality || !part.stable
    ? undefined
    : { hash: part.hash, quality: part.quality, name: crop.name, region: part.region };
}

/**
 * Hashes an original for a list, together with parts of it that people cut out: for an operator who has the originals. An
 * altered copy of such a part is found where nothing of the whole picture's hash is left. More hashes describe the original
 * better: keep the derived ones to yourself.
 *
 * @throws as `hashImage`.
 *
 * @example
 * const registration = await register("original.jpg", { level: "thorough" });
 * addRegistration(index, 7, registration);
 * const { matches } = await findCopies("upload.jpg", index, { entryOf: registeredEntry });
 */
export async function hashWithCrops(input: ImageInput, options?: HashWithCropsOptions): Promise<CropHashes> {
  const given = checkOptions(options, optionNames);
  const { level = "standard" } = given;
  const room = most[oneOf("level", level, ["standard", "thorough"])];
  const signal = checkSignal(given.signal);
  const samples = await readSamples(input, { ...checkInputOptions(given), hash: checkHashOptions({}) }, signal);
  const { hash, quality, stable } = samples.hash;
  const crops: CropHash[] = [];
  for (const crop of cropsOf(samples.width, samples.height)) {
    if (crops.length === room) break;
    const made = await derive(samples, crop, signal);
    if (made === undefined) continue;
    const near = [hash, ...crops.map((other) => other.hash)].some((other) => hashDistance(other, made.hash) <= same);
    if (!near) crops.push(made);
  }
  return { hash, quality, stable, crops };
}

/** The entry that an id of `addRegistration` belongs to: for `findCopies`. */
export function registeredEntry(id: number): number {
  return Math.floor(id / idsEach);
}

/** Every id that an entry may have. */
function idsOf(entry: number): number[] {
  integer("entry", entry, 0, 2 ** 47 - 1);
  return Array.from({ length: idsEach }, (_, k) => idsEach * entry + k);
}

/**
 * Adds an original's hash and those derived of it to an index, all or none: ids 64·entry … 64·entry + 60, the original's
 * first. Its bank is `bank`, that of the derived ones `cropTag`, so that a search may leave them out.
 *
 * @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID`: the entry is there.
 */
export function addRegistration(
  index: HashIndex,
  entry: number,
  registration: CropHashes,
  options?: { tag?: number; cropTag?: number },
): void {
  if (!(index instanceof HashIndex)) throw invalidArgument("index", "HashIndex", index);
  const { tag = 0, cropTag = tag } = checkOptions(options, ["tag", "cropTag"]);
  integer("tag", tag, 0, 255);
  integer("cropTag", cropTag, 0, 255);
  const hashes = [registration.hash, ...registration.crops.map(({ hash }) => hash)];
  if (hashes.length > idsEach) throw invalidArgument("registration", `at most ${idsEach} hashes`, hashes.length);
  const tags = new Uint8Array(hashes.length).fill(cropTag);
  tags[0] = tag;
  index.addManySync(idsOf(entry).slice(0, hashes.length), hashes, { tags });
}

/** Removes an entry's hash and all that are derived of it: no search called after this finds any. Answers whether it was
 * there. */
export function removeRegistration(index: HashIndex, entry: number): boolean {
  if (!(index instanceof HashIndex)) throw invalidArgument("index", "HashIndex", index);
  const ids = idsOf(entry).filter((id) => index.has(id));
  if (ids.length > 0) index.remove(ids);
  return ids.length > 0;
}

/**
 * A registration as lines of a list, `hash,metadata`, the original's first: standard PDQ, which any tool reads. With
 * `derived` also those of its parts, `;crop=NAME` behind the metadata; `KnownHashes.findCopies` takes them for the entry
 * of the last line before them that is not derived, and so does `openList`, for a bank.
 *
 * @throws {InvalidArgumentError} for metadata with a line break, or marked as derived.
 */
export function cropListLines(registration: CropHashes, metadata: string, options?: { derived?: boolean }): string[] {
  const { derived = false } = checkOptions(options, ["derived"]);
  if (typeof metadata !== "string" || /[\r\n]/.test(metadata) || isCropLine(metadata)) {
    throw invalidArgument("metadata", "one line of text that is not marked as derived", metadata);
  }
  const line = (hash: string, text: string): string => `${hashToHex(hash)},${metadataCell(text)}`;
  const parts = derived ? registration.crops : [];
  return [
    line(registration.hash, metadata),
    ...parts.map(({ hash, name }) => line(hash, cropMetadata(metadata, name))),
  ];
}
