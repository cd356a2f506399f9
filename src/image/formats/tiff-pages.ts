/** Which directories of a TIFF are images of their own. */
import { type Directory, TiffReader } from "./tiff-directory.js";

const tags = { subfileType: 254, oldSubfileType: 255, subDirectories: 330 } as const;

/** Flags of the tag: a smaller version of another image, a mask of transparent pixels. */
const reduced = 1;
const mask = 4;
const oldReduced = 2;

/**
 * Entries of directories that are read. Directories may overlap, so that a small file could have billions. A file with
 * more of them counts as one with further images.
 */
const mostEntries = 65_536;

class TooManyEntries extends Error {}

/** Returns what `read` reads, or `otherwise` if the file is cut before its end. */
function orCut<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}

/** The directories of a TIFF, as far as they can be followed. */
class Directories {
  readonly #reader: TiffReader;
  #left = mostEntries;

  constructor(bytes: Uint8Array) {
    this.#reader = new TiffReader(bytes);
  }

  /** Reads the directory at a byte, or returns undefined if the file is cut before its end. */
  at(at: number): Directory | undefined {
    return orCut(() => {
      // One that is empty or cannot be read counts, too: what leads to it was read.
      this.#take(1);
      this.#take(this.#reader.entries(at));
      return this.#reader.directoryAt(at);
    }, undefined);
  }

  #take(entries: number): void {
    this.#left -= entries;
    if (this.#left < 0) throw new TooManyEntries();
  }

  /** Yields the directories of the pages, each once where they lead to one another in a ring. */
  *pages(): Generator<Directory, void, undefined> {
    const reader = this.#reader;
    const seen = new Set<number>();
    for (let at = orCut(() => reader.first, 0); at !== 0 && !seen.has(at);) {
      const here = at;
      seen.add(here);
      const directory = this.at(here);
      if (directory === undefined) return;
      yield directory;
      at = orCut(() => reader.next(here), 0);
    }
  }

  /** Yields the directories below one. */
  *below(directory: Directory): Generator<Directory, void, undefined> {
    for (const at of this.#numbers(directory, tags.subDirectories, mostEntries + 1)) {
      const below = this.at(at);
      if (below !== undefined) yield below;
    }
  }

  /** Returns whether a directory is an image of its own, not a smaller version of another or a mask. */
  isOwnImage(directory: Directory): boolean {
    const [type = 0] = this.#numbers(directory, tags.subfileType, 1);
    const [old = 0] = this.#numbers(directory, tags.oldSubfileType, 1);
    return (type & (reduced | mask)) === 0 && old !== oldReduced;
  }

  /** Reads at most so many numbers of a tag, or none if the directory does not have it or the file is cut. */
  #numbers(directory: Directory, tag: number, most: number): number[] {
    const field = directory.get(tag);
    const some = field && { ...field, count: Math.min(field.count, most) };
    return some === undefined ? [] : orCut(() => this.#reader.numbers(some), []);
  }
}

/** Runs `work`, and answers true if the file has more entries than are read. */
function orTooMany(work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    if (error instanceof TooManyEntries) return true;
    throw error;
  }
}

/**
 * Whether a page has images in directories below its own that are no smaller versions of it: the sensor's image of a
 * DNG is there, and the page is its preview.
 */
export function hasImagesBelow(bytes: Uint8Array): boolean {
  const directories = new Directories(bytes);
  return orTooMany(() => {
    for (const page of directories.pages()) {
      for (const one of directories.below(page)) if (directories.isOwnImage(one)) return true;
    }
    return false;
  });
}

/** Returns whether a TIFF has images behind its first page: further pages, or images below a page. */
export function hasFurtherDirectories(bytes: Uint8Array): boolean {
  const directories = new Directories(bytes);
  return orTooMany(() => {
    let isFirst = true;
    for (const page of directories.pages()) {
      if (!isFirst && directories.isOwnImage(page)) return true;
      isFirst = false;
    }
    return hasImagesBelow(bytes);
  });
}
