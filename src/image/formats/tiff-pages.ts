/** Which directories of a TIFF are images of their own. */
import { type Directory, TiffReader } from "./tiff-directory.js";

const tags = { subfileType: 254, oldSubfileType: 255, subDirectories: 330 } as const;

/** Flags of the tag: a smaller version of another image, a mask of transparent pixels. */
const reduced = 1;
const mask = 4;
const oldReduced = 2;

/** Directories that are looked at. A file with more of them counts as one with further images. */
const mostDirectories = 1000;

/** Reads whole numbers of a tag, or none if the directory does not have it or the file is cut. */
function numbersOf(reader: TiffReader, directory: Directory, tag: number): number[] {
  const field = directory.get(tag);
  try {
    return field === undefined ? [] : reader.numbers(field);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

/** Whether a directory is an image of its own, not a smaller version of another or a mask. */
function isOwnImage(reader: TiffReader, directory: Directory): boolean {
  const [type = 0] = numbersOf(reader, directory, tags.subfileType);
  const [old = 0] = numbersOf(reader, directory, tags.oldSubfileType);
  return (type & (reduced | mask)) === 0 && old !== oldReduced;
}

/** Reads a directory, or returns undefined if the file is cut before its end. */
function directoryOf(read: () => Directory): Directory | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Yields the directories of the pages, up to the last or to where the file cannot be followed. */
function* pagesOf(reader: TiffReader): Generator<Directory, void, undefined> {
  for (let page = 0; page <= mostDirectories; page++) {
    const directory = directoryOf(() => reader.directory(page));
    if (directory === undefined) return;
    yield directory;
  }
}

/**
 * Whether a page has images in directories below its own that are no smaller versions of it: the sensor's image of a
 * DNG is there, and the page is its preview.
 */
export function hasImagesBelow(bytes: Uint8Array): boolean {
  const reader = new TiffReader(bytes);
  for (const page of pagesOf(reader)) {
    for (const at of numbersOf(reader, page, tags.subDirectories)) {
      const below = directoryOf(() => reader.directoryAt(at));
      if (below !== undefined && isOwnImage(reader, below)) return true;
    }
  }
  return false;
}

/** Whether a TIFF has images behind its first page: further pages, or images below a page. */
export function hasFurtherDirectories(bytes: Uint8Array): boolean {
  const reader = new TiffReader(bytes);
  let count = 0;
  for (const directory of pagesOf(reader)) {
    if (count++ === 0) continue;
    if (count > mostDirectories || isOwnImage(reader, directory)) return true;
  }
  return hasImagesBelow(bytes);
}
