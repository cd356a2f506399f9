import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { ImageError, systemReason } from "../../errors.js";
import { readWholeFile } from "../../files/read-file.js";
import { defaultLimits, hashImage, sniffImage } from "../../index.js";
import { matchRadius, leastQuality } from "../../thresholds.js";
import { sniffVideo } from "../../doors/video.js";
import type { Image } from "../draw/image.js";
import { firstBytes } from "../first-bytes.js";
import { each } from "./each.js";
import { type GeneratedKind, generatedKinds } from "../generated/generated.js";
import { similarKinds } from "../generated/similar.js";
import { DistancesToAll } from "../methods/distances-to-all.js";
import type { ListedImage } from "../methods/method.js";
import { plainSidesOf } from "./plain-sides.js";
import type { Job, Pool, Source } from "./pool.js";
import { decoded } from "../sharp.js";

/** Where an image comes from. False matches are counted for each stratum. */
export type Stratum = "original" | "unrelated" | GeneratedKind;
export const strata: readonly Stratum[] = ["original", "unrelated", ...generatedKinds, ...similarKinds];

/** A listed image, with the properties that figures are grouped by. */
export interface ListItem extends ListedImage {
  stratum: Stratum;
  source: Source;
  /** The longer side of the stored image, in pixels. */
  side: number;
  /** The share of the pixels in the fullest of 16³ colour cells. It is near 1 for screens of text and title cards. */
  flatness: number;
  /** How many of its four sides are nearly black or nearly white. */
  plainSides: number;
  /**
   * The position of the first image of its group. Images of one group count as the same image: they are within the
   * radius.
   */
  group: number;
}

/** What was read from the folders, and what was not. */
export interface Listed {
  items: ListItem[];
  /** Files that could not be read, with the reason. */
  unreadable: { name: string; reason: string }[];
  /** Files of the folders that are neither images nor videos, skipped. */
  skipped: number;
  /** Videos among the originals. */
  videos: { name: string; path: string }[];
  /** Files that are equal to an earlier one byte for byte. They are left out. */
  duplicates: { name: string; of: string }[];
  /** Images within the radius of an earlier one, which count as that one. */
  same: { name: string; of: string; distance: number }[];
  /** Images with a quality below 50. They are not listed. */
  lowQuality: { name: string; quality: number }[];
}

const imageNames = new Set(
  "jpg jpeg png gif webp tif tiff avif heic heif hif jxl jp2 j2k jpf jpx bmp dib ico"
    .split(" ")
    .map((end) => `.${end}`),
);

/** Returns all that is below a folder but folders, sorted by name. */
async function filesOf(folder: string): Promise<string[]> {
  let found;
  try {
    found = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    const text = `${folder} cannot be read as a folder: ${systemReason(error)}`;
    throw new ImageError("ERR_EMPREINTE_READ", text, { cause: error });
  }
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Returns the share of the fullest colour cell, from a sample of the pixels. */
export function flatnessOf({ data }: Image): number {
  const cells = new Uint32Array(4096);
  const step = 3 * Math.max(1, Math.floor(data.length / 3 / 65_536));
  let count = 0;
  for (let i = 0; i + 2 < data.length; i += step, count++) {
    const cell = ((data[i]! >> 4) << 8) | ((data[i + 1]! >> 4) << 4) | (data[i + 2]! >> 4);
    cells[cell] = cells[cell]! + 1;
  }
  return Math.max(...cells) / count;
}

async function itemOf(
  bytes: Uint8Array,
  from: Pick<ListItem, "name" | "stratum" | "source" | "bytes">,
): Promise<ListItem> {
  const { hash, quality, orientations, width, height } = await hashImage(bytes, {
    orientations: true,
    name: from.name,
  });
  const image = await decoded(bytes);
  return {
    ...from,
    digest: createHash("sha256").update(bytes).digest("hex"),
    hash,
    quality,
    orientations: orientations!,
    side: Math.max(width, height),
    flatness: flatnessOf(image),
    plainSides: plainSidesOf(image),
    group: -1,
  };
}

export interface ListOptions {
  originals: string;
  unrelated: string | undefined;
  /** How many images of each kind are generated. */
  generated: number;
  /** How many similar images of each kind are generated. */
  similar: number;
  seed: string | number;
  concurrency: number;
  signal: AbortSignal | undefined;
  onImage: () => void;
}

/** Reads both folders, makes the generated images, and finds duplicates among all of them. */
export async function makeList(options: ListOptions, pool: Pool): Promise<Listed> {
  const listed: Listed = {
    items: [],
    unreadable: [],
    skipped: 0,
    videos: [],
    duplicates: [],
    same: [],
    lowQuality: [],
  };
  const byDigest = new Map<string, string>();
  const take = (item: ListItem): void => {
    const before = byDigest.get(item.digest);
    if (before !== undefined) listed.duplicates.push({ name: item.name, of: before });
    else if (item.quality < leastQuality) listed.lowQuality.push({ name: item.name, quality: item.quality });
    else listed.items.push(item);
    if (before === undefined) byDigest.set(item.digest, item.name);
  };
  const folders: [Stratum, string][] = [["original", options.originals]];
  if (options.unrelated !== undefined) folders.push(["unrelated", options.unrelated]);
  for (const [stratum, folder] of folders) {
    const paths = await filesOf(folder);
    const read: (ListItem | Unlisted)[] = [];
    await each(paths, options.concurrency, async (path, i) => {
      options.signal?.throwIfAborted();
      read[i] = await itemOfFile(path, folder, stratum);
      options.onImage();
    });
    for (const one of read) {
      if ("digest" in one) take(one);
      else if (one.video !== undefined) listed.videos.push({ name: one.name, path: one.video });
      else if (one.reason === undefined) listed.skipped++;
      else listed.unreadable.push({ name: one.name, reason: one.reason });
    }
  }
  const counts: [GeneratedKind, number][] = [
    ...generatedKinds.map((kind): [GeneratedKind, number] => [kind, options.generated]),
    ...similarKinds.map((kind): [GeneratedKind, number] => [kind, options.similar]),
  ];
  for (const [kind, length] of counts) {
    await Promise.all(
      Array.from({ length }, async (_, number) => {
        const item = await generatedItem(kind, number, options.seed, pool);
        options.signal?.throwIfAborted();
        options.onImage();
        return item;
      }),
    ).then((items) => items.forEach(take));
  }
  listed.same = group(listed.items);
  return listed;
}

/** A file that is not listed: a video, another file, or one that could not be read. */
interface Unlisted {
  name: string;
  /** The path of a video. */
  video?: string;
  /** Why the file could not be read. */
  reason?: string;
}

async function itemOfFile(path: string, folder: string, stratum: Stratum): Promise<ListItem | Unlisted> {
  const shown = path.slice(folder.length).replaceAll(sep, "/").replace(/^\/+/, "");
  const name = stratum === "original" ? shown : `unrelated/${shown}`;
  try {
    const head = await firstBytes(path);
    if (sniffImage(head) === undefined && !imageNames.has(extname(path).toLowerCase())) {
      const video = stratum === "original" && sniffVideo(head) !== undefined;
      return { name, ...(video && { video: path }) };
    }
    const read = (): Promise<Uint8Array> => readWholeFile(path, defaultLimits.maxBytes);
    return await itemOf(await read(), { name, stratum, source: { path }, bytes: read });
  } catch (error) {
    return { name, reason: reasonOf(error) };
  }
}

async function generatedItem(
  kind: GeneratedKind,
  number: number,
  seed: string | number,
  pool: Pool,
): Promise<ListItem> {
  const source: Source = { kind, number, seed };
  const bytes = (): Promise<Uint8Array> => pool.make({ source, seed, key: "" });
  return itemOf(await bytes(), { name: `generated/${kind}-${number}`, stratum: kind, source, bytes });
}

function reasonOf(error: unknown): string {
  const system = (error as NodeJS.ErrnoException).syscall !== undefined;
  return system ? systemReason(error) : error instanceof Error ? error.message : String(error);
}

/** Two photographs within this distance, in any orientation, are the same image. */
const sameWithin = matchRadius;

/** Sets `group`: of the photographs those near an earlier one join it. Generated images are each its own. */
function group(items: ListItem[]): Listed["same"] {
  const same: Listed["same"] = [];
  const distances = new DistancesToAll(items.map(({ hash }) => hash));
  items.forEach((item, i) => {
    item.group = i;
    if (!("path" in item.source)) return;
    const each = Object.values(item.orientations).map((hash) => distances.from(hash));
    for (let k = 0; k < i; k++) {
      const distance = Math.min(...each.map((one) => one[k]!));
      if (distance > sameWithin || !("path" in items[k]!.source)) continue;
      item.group = items[k]!.group;
      same.push({ name: item.name, of: items[k]!.name, distance });
      return;
    }
  });
  return same;
}

/** Returns what makes the query again. */
export function jobOf(item: ListItem, attack: string | undefined, seed: string | number): Job {
  return { source: item.source, seed, key: item.digest, ...(attack !== undefined && { attack }) };
}
