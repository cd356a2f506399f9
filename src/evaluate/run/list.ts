import { createHash } from "node:crypto";
import { open, readdir, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { ImageError, systemReason } from "../../errors.js";
import { matchRadius, minQuality } from "../../hash/thresholds.js";
import { hashImage } from "../../image/hash-image.js";
import { sniffImage } from "../../image/sniff.js";
import { sniffVideo, videoSniffBytes } from "../../video/containers/sniff.js";
import type { Image } from "../draw/image.js";
import { each } from "./each.js";
import { type GeneratedKind, generatedKinds } from "../generated/generated.js";
import { Distances, type ListedImage } from "../methods/methods.js";
import type { Job, Pool, Source } from "./pool.js";
import { decoded } from "../sharp.js";

/** Where an image comes from: figures of false matches are given for each. */
export type Stratum = "original" | "unrelated" | GeneratedKind;
export const strata: readonly Stratum[] = ["original", "unrelated", ...generatedKinds];

/** An entry of the list, with what the figures are divided by. */
export interface Entry extends ListedImage {
  stratum: Stratum;
  source: Source;
  /** Pixels of the longer side, as stored. */
  side: number;
  /** Share of the pixels in the fullest of 16³ colour cells: near 1 in text screens and title cards. */
  flatness: number;
  /** The position of the first entry of the group. The entries of a group are the same image: within the radius. */
  group: number;
}

/** What the folders have. */
export interface Listed {
  entries: Entry[];
  /** Files that cannot be read, each with the reason. */
  unreadable: { name: string; reason: string }[];
  /** How many files are neither images nor videos. */
  skipped: number;
  /** Videos among the originals. */
  videos: { name: string; path: string }[];
  /** Files equal byte for byte to one before; they are left out. */
  duplicates: { name: string; of: string }[];
  /** Images within the radius of an earlier one. They count as the same image. */
  same: { name: string; of: string; distance: number }[];
  /** Images whose quality is below 50. They are not listed. */
  lowQuality: { name: string; quality: number }[];
}

const imageNames = new Set([".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".avif"]);

/** All files below a folder, by name. */
async function filesOf(folder: string): Promise<string[]> {
  let found;
  try {
    found = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    const text = `${folder} cannot be read as a folder: ${systemReason(error)}`;
    throw new ImageError("ERR_EMPREINTE_READ", text, { cause: error });
  }
  return found
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The share of the fullest colour cell, on every few pixels. */
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

async function entryOf(bytes: Uint8Array, from: Pick<Entry, "name" | "stratum" | "source" | "bytes">): Promise<Entry> {
  const { hash, quality, orientations, width, height } = await hashImage(bytes, {
    orientations: true,
    name: from.name,
  });
  return {
    ...from,
    digest: createHash("sha256").update(bytes).digest("hex"),
    hash,
    quality,
    orientations: orientations!,
    side: Math.max(width, height),
    flatness: flatnessOf(await decoded(bytes)),
    group: -1,
  };
}

export interface ListOptions {
  originals: string;
  unrelated: string | undefined;
  /** Generated images of each kind. */
  generated: number;
  seed: string | number;
  concurrency: number;
  signal: AbortSignal | undefined;
  onImage: () => void;
}

/** Reads both folders and makes the generated images; doubles among them are found first. */
export async function makeList(options: ListOptions, pool: Pool): Promise<Listed> {
  const listed: Listed = {
    entries: [],
    unreadable: [],
    skipped: 0,
    videos: [],
    duplicates: [],
    same: [],
    lowQuality: [],
  };
  const byDigest = new Map<string, string>();
  const take = (entry: Entry): void => {
    const before = byDigest.get(entry.digest);
    if (before !== undefined) listed.duplicates.push({ name: entry.name, of: before });
    else if (entry.quality < minQuality) listed.lowQuality.push({ name: entry.name, quality: entry.quality });
    else listed.entries.push(entry);
    if (before === undefined) byDigest.set(entry.digest, entry.name);
  };
  const folders: [Stratum, string][] = [["original", options.originals]];
  if (options.unrelated !== undefined) folders.push(["unrelated", options.unrelated]);
  for (const [stratum, folder] of folders) {
    const paths = await filesOf(folder);
    const read: (Entry | Unlisted)[] = [];
    await each(paths, options.concurrency, async (path, i) => {
      options.signal?.throwIfAborted();
      read[i] = await fileEntry(path, folder, stratum);
      options.onImage();
    });
    for (const one of read) {
      if ("digest" in one) take(one);
      else if (one.video !== undefined) listed.videos.push({ name: one.name, path: one.video });
      else if (one.reason === undefined) listed.skipped++;
      else listed.unreadable.push({ name: one.name, reason: one.reason });
    }
  }
  for (const kind of generatedKinds) {
    await Promise.all(
      Array.from({ length: options.generated }, async (_, number) => {
        const entry = await generatedEntry(kind, number, options.seed, pool);
        options.signal?.throwIfAborted();
        options.onImage();
        return entry;
      }),
    ).then((entries) => entries.forEach(take));
  }
  listed.same = group(listed.entries);
  return listed;
}

/** A file that is no image, perhaps a video, or, with a reason, one that could not be read. */
interface Unlisted {
  name: string;
  /** Its path. */
  video?: string;
  reason?: string;
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(videoSniffBytes), 0, videoSniffBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function fileEntry(path: string, folder: string, stratum: Stratum): Promise<Entry | Unlisted> {
  const shown = path.slice(folder.length).replaceAll(sep, "/").replace(/^\/+/, "");
  const name = stratum === "original" ? shown : `unrelated/${shown}`;
  try {
    const head = await firstBytes(path);
    if (sniffImage(head) === undefined && !imageNames.has(extname(path).toLowerCase())) {
      const video = stratum === "original" && sniffVideo(head) !== undefined;
      return { name, ...(video && { video: path }) };
    }
    const bytes = await readFile(path);
    return await entryOf(bytes, { name, stratum, source: { path }, bytes: () => readFile(path) });
  } catch (error) {
    return { name, reason: reasonOf(error) };
  }
}

async function generatedEntry(kind: GeneratedKind, number: number, seed: string | number, pool: Pool): Promise<Entry> {
  const source: Source = { kind, number, seed };
  const bytes = (): Promise<Uint8Array> => pool.make({ source, seed, key: "" });
  return entryOf(await bytes(), { name: `generated/${kind}-${number}`, stratum: kind, source, bytes });
}

function reasonOf(error: unknown): string {
  const system = (error as NodeJS.ErrnoException).syscall !== undefined;
  return system ? systemReason(error) : error instanceof Error ? error.message : String(error);
}

/** Two photographs within this distance, in any orientation, are the same image. */
const sameWithin = matchRadius;

/** Sets `group`: of the photographs those near an earlier one join it. Generated images are each its own. */
function group(entries: Entry[]): Listed["same"] {
  const same: Listed["same"] = [];
  const distances = new Distances(entries.map(({ hash }) => hash));
  entries.forEach((entry, i) => {
    entry.group = i;
    if (!("path" in entry.source)) return;
    const each = Object.values(entry.orientations).map((hash) => distances.from(hash));
    for (let k = 0; k < i; k++) {
      const distance = Math.min(...each.map((one) => one[k]!));
      if (distance > sameWithin || !("path" in entries[k]!.source)) continue;
      entry.group = entries[k]!.group;
      same.push({ name: entry.name, of: entries[k]!.name, distance });
      return;
    }
  });
  return same;
}

/** Returns the job that makes the query. */
export function jobOf(entry: Entry, attack: string | undefined, seed: string | number): Job {
  return { source: entry.source, seed, key: entry.digest, ...(attack !== undefined && { attack }) };
}
