/**
 * The index file, FILE.index, which holds the index between two openings of the store. It can always be made again from
 * the store. The store records which index file is valid, by its first 64 bytes (which have the checksums of the rest),
 * and the revision it has. Any other file is removed. A withdrawal deletes that record in its own transaction, so that
 * no index file with a withdrawn hash is ever used, and it removes the file before it returns.
 */
import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { EmpreinteError, IndexError } from "../../errors.js";
import { indexHeaderBytes, readIndexHeader } from "../../search/file.js";
import { withFolderLock } from "../../search/folder-lock.js";
import { HashIndex } from "../../search/hash-index.js";
import type { Database } from "../storage/database.js";
import { closeState, type IndexState } from "./build-index.js";
import { MappedFile } from "./mapped-file.js";
import { removeIndexFile } from "./remove-file.js";

/** Returns the path of a store's index file. */
export const indexPath = (store: string): string => `${store}.index`;

export interface ValidIndexFile {
  /** The first 64 bytes of the file. */
  header: Buffer;
  /** The revision of the store that the file has. */
  revision: number;
  /** The first signal that is not in the file. */
  next: number;
}

/** Returns the store's record of the valid index file, if it has one. */
export function validIndexFile(database: Database): ValidIndexFile | undefined {
  const row = database.get<[Buffer]>("SELECT value FROM meta WHERE name = 'index file'");
  if (row === undefined || row[0].length !== indexHeaderBytes + 16) return undefined;
  const [bytes] = row;
  return {
    header: bytes.subarray(0, indexHeaderBytes),
    revision: bytes.readDoubleLE(indexHeaderBytes),
    next: bytes.readDoubleLE(indexHeaderBytes + 8),
  };
}

/** Records which index file is valid. Call it inside a transaction. */
export function markIndexFileValid(database: Database, { header, revision, next }: ValidIndexFile): void {
  const bytes = Buffer.alloc(indexHeaderBytes + 16);
  bytes.set(header);
  bytes.writeDoubleLE(revision, indexHeaderBytes);
  bytes.writeDoubleLE(next, indexHeaderBytes + 8);
  database.run("INSERT OR REPLACE INTO meta VALUES ('index file', ?)", bytes);
}

/** Deletes that record. Call it inside the transaction of a withdrawal. */
export function invalidateIndexFile(database: Database): void {
  database.run("DELETE FROM meta WHERE name = 'index file'");
}

/** Reads the first 64 bytes of a file, or returns undefined if it cannot be read. */
export async function headerOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readIndexHeader(path);
  } catch {
    return undefined; // The index is then built again from the store.
  }
}

/**
 * Removes an index file that the store does not record as valid, before an opening does anything that may fail. A
 * process that saves holds the folder's lock from before its file is in place until the file is recorded.
 */
export async function removeStaleIndexFile(database: Database): Promise<void> {
  const path = indexPath(database.path);
  const isStale = async (): Promise<boolean> => {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
    const valid = validIndexFile(database);
    return valid === undefined || !(await headerOf(path))?.equals(valid.header);
  };
  if (!(await isStale())) return;
  await withFolderLock(dirname(path), undefined, async () => {
    if (await isStale()) removeIndexFile(path);
  });
}

/** A process that saves can replace the file between two steps of opening it. So often it is opened again. */
const mostTries = 100;

/**
 * Opens the index file where the store records it as valid. Returns undefined for any other, also for a damaged one,
 * and for a link: the file behind a link could stay when the link is removed.
 */
export async function openIndexFile(database: Database): Promise<IndexState | undefined> {
  const path = indexPath(database.path);
  for (let tries = 0; tries < mostTries; tries++) {
    const valid = validIndexFile(database);
    if (valid === undefined || lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
    if (!(await headerOf(path))?.equals(valid.header)) {
      // It is another file than the record says, unless a process has just saved and recorded it.
      if (validIndexFile(database)?.header.equals(valid.header) !== false) return undefined;
      continue;
    }
    const opened = await openChecked(path);
    if (opened !== undefined && (await headerOf(path))?.equals(valid.header)) {
      return { ...opened, revision: valid.revision, next: valid.next };
    }
    if (opened !== undefined) closeState({ ...opened, revision: 0, next: 0 });
    // Another process has replaced the file meanwhile, or removed it. Otherwise it is damaged.
    if ((await headerOf(path))?.equals(valid.header)) return undefined;
  }
  return undefined;
}

/** An index with fewer rows, which has no tables for most of them, is small enough to be copied. */
export const leastMapped = 16_384;

/**
 * Opens an index file and checks it, or returns undefined if it cannot be opened or is damaged. A large one stays
 * mapped, so that all processes share its memory.
 */
async function openChecked(path: string): Promise<Pick<IndexState, "index" | "file"> | undefined> {
  let [index, file]: [HashIndex | undefined, MappedFile | undefined] = [undefined, undefined];
  try {
    file = new MappedFile(path);
    index = await HashIndex.open(path);
    // On Windows the addon has read the file.
    if (process.platform !== "win32" && index.size >= leastMapped) {
      if (file.isAt(path)) return { index, file };
      throw new IndexError("ERR_EMPREINTE_INDEX_FILE", "The file was replaced while it was opened");
    }
    await index.warm();
    file.close();
    return { index };
  } catch (error) {
    index?.close();
    file?.close();
    if (error instanceof IndexError || (error as NodeJS.ErrnoException).syscall !== undefined) return undefined;
    if (error instanceof EmpreinteError && error.code === "ERR_EMPREINTE_READ") return undefined;
    throw error;
  }
}
