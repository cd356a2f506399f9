/**
 * The two files of a `HashList`: the index is FILE, and the lines and metadata of its entries are FILE.entries. They
 * cannot both be renamed at once. So the new entries wait at FILE.entries.next, renaming FILE makes the new files
 * valid, and the entries get their final name afterwards. A reader tries both names and takes the entries that belong
 * to the index. It finds the old files or the new ones, even after a power cut. Only one of several writers renames at
 * a time.
 */
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EmpreinteError, IndexError, printable, systemReason, unwritable } from "../errors.js";
import { checkReplaceable } from "../files/open-file.js";
import { syncFolder, temporaryPath } from "../files/atomic-file.js";
import { pathOf } from "../files/path.js";
import { damaged, readIndexHeader } from "../search/file.js";
import { withFolderLock } from "../search/folder-lock.js";
import { HashIndex } from "../search/hash-index.js";
import type { OpenOptions } from "../search/index-options.js";
import { EntriesWriter, FileEntries } from "./entries-file.js";
import type { LoadedList } from "./read-lists.js";

const entriesPath = (path: string): string => `${path}.entries`;
const nextEntriesPath = (path: string): string => `${path}.entries.next`;

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

/** Turns an error of any kind into one that names the file. */
function readError(path: string, error: unknown): Error {
  const name = printable(path);
  if (error instanceof IndexError) return new IndexError(error.code, `${name}: ${error.message}`, { cause: error });
  const text = `${name} cannot be opened: ${systemReason(error)}`;
  return new EmpreinteError("ERR_EMPREINTE_READ", text, { cause: error });
}

/** Opens the entries that belong to the index with this header. */
async function openEntries(path: string, header: Uint8Array): Promise<FileEntries> {
  let failure: { path: string; error: unknown } | undefined;
  // The first name again: the entries may have been renamed meanwhile.
  for (const name of [entriesPath(path), nextEntriesPath(path), entriesPath(path)]) {
    try {
      const about = await stat(name);
      if (!about.isFile()) throw new Error("it is not a file");
      return new FileEntries(name, about.size, header);
    } catch (error) {
      if (failure === undefined || (isMissing(failure.error) && !isMissing(error))) failure = { path: name, error };
    }
  }
  throw readError(failure!.path, failure!.error);
}

/** Both files of an index, opened. */
export interface IndexFiles {
  index: HashIndex;
  entries: FileEntries;
}

/** Returns a text that identifies a file, so that another one that replaced it differs even with the same content. */
async function identityOf(path: string): Promise<string> {
  try {
    const { dev, ino, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, ctimeNs].join(" ");
  } catch (error) {
    throw readError(path, error);
  }
}

/** How often a file may be replaced while it is being opened. */
const mostReplacements = 100;

interface OpenIndex {
  index: HashIndex;
  header: Buffer;
  identity: string;
}

/** Opens the index without verifying it, and reads the header of the same file, whatever is renamed meanwhile. */
async function openIndex(path: string, signal: AbortSignal | undefined): Promise<OpenIndex> {
  for (let replaced = 0; ; replaced++) {
    signal?.throwIfAborted();
    const identity = await identityOf(path);
    const index = await HashIndex.open(path, { verify: "later", ...(signal && { signal }) });
    try {
      const header = await readIndexHeader(path);
      if (replaced === mostReplacements || identity === (await identityOf(path))) return { index, header, identity };
    } catch (error) {
      index.close();
      throw error;
    }
    index.close();
  }
}

async function openUnverified(path: string, signal: AbortSignal | undefined): Promise<IndexFiles> {
  for (let replaced = 0; ; replaced++) {
    const { index, header, identity } = await openIndex(path, signal);
    try {
      return { index, entries: await openEntries(path, header) };
    } catch (error) {
      index.close();
      // The entries may have been replaced together with the index.
      if (replaced === mostReplacements || identity === (await identityOf(path))) throw error;
    }
  }
}

async function verifyFiles(
  path: string,
  { index, entries }: IndexFiles,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await index.verify(signal && { signal });
  } catch (error) {
    throw error instanceof IndexError ? damaged(path, error) : error;
  }
  try {
    await entries.verify(signal);
  } catch (error) {
    throw error instanceof IndexError ? readError(entriesPath(path), error) : error;
  }
}

/** Opens both files. They belong together even if they are replaced meanwhile. */
export async function openFiles(given: string | URL, { verify, signal }: OpenOptions): Promise<IndexFiles> {
  const path = pathOf(given);
  const files = await openUnverified(path, signal);
  try {
    if (files.entries.size !== files.index.size)
      throw readError(path, new IndexError("ERR_EMPREINTE_INDEX_FILE", "the file is damaged (its ids)"));
    if (verify !== "later") await verifyFiles(path, files, signal);
    return files;
  } catch (error) {
    files.entries.release();
    files.index.close();
    throw error;
  }
}

/** Writes new files: the entries page by page, then the index, then both names. */
export class IndexFilesWriter {
  readonly #path: string;
  readonly #tempPath: string;
  readonly #file: FileHandle;
  readonly #entries: EntriesWriter;
  #open = true;

  private constructor(path: string, tempPath: string, file: FileHandle) {
    this.#path = path;
    this.#tempPath = tempPath;
    this.#file = file;
    this.#entries = new EntriesWriter(file);
  }

  static async create(given: string | URL): Promise<IndexFilesWriter> {
    const path = pathOf(given);
    const temp = temporaryPath(path);
    for (const name of [path, entriesPath(path), nextEntriesPath(path)]) {
      try {
        checkReplaceable(name);
      } catch (error) {
        throw unwritable(name, error);
      }
    }
    return writing(path, async () => new IndexFilesWriter(path, temp, await open(entriesPath(temp), "wx", 0o600)));
  }

  page(bytes: Uint8Array): Promise<void> {
    return writing(this.#path, () => this.#entries.page(bytes));
  }

  /** Writes the index, and replaces both files at the path. */
  async finish(index: HashIndex, lists: readonly LoadedList[], signal: AbortSignal | undefined): Promise<void> {
    try {
      await index.save(this.#tempPath, signal && { signal });
    } catch (error) {
      if (!(error instanceof EmpreinteError) || error.code !== "ERR_EMPREINTE_WRITE") throw error;
      throw unwritable(this.#path, error.cause);
    }
    await writing(this.#path, async () => {
      await this.#entries.finish(index.size, lists, await readIndexHeader(this.#tempPath));
      await this.#file.sync();
      await this.#close();
      await withFolderLock(dirname(this.#path), signal, async () => {
        await recoverInterruptedRename(this.#path);
        signal?.throwIfAborted();
        await this.#rename();
      });
    });
  }

  async #rename(): Promise<void> {
    await rename(entriesPath(this.#tempPath), nextEntriesPath(this.#path));
    await rename(this.#tempPath, this.#path);
    await syncFolder(dirname(this.#path));
    await rename(nextEntriesPath(this.#path), entriesPath(this.#path));
    await syncFolder(dirname(this.#path));
  }

  /** Removes the temporary files that are left, whether the writer finished or not. */
  async cleanUp(): Promise<void> {
    await this.#close();
    await rm(this.#tempPath, { force: true });
    await rm(entriesPath(this.#tempPath), { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }
}

/**
 * Finishes the work of a writer that was killed between its last two renames, when the valid entries are still `.next`.
 */
async function recoverInterruptedRename(path: string): Promise<void> {
  try {
    const about = await stat(nextEntriesPath(path));
    new FileEntries(nextEntriesPath(path), about.size, await readIndexHeader(path)).release();
  } catch (error) {
    if (isMissing(error) || error instanceof IndexError) return; // nothing is left, or what is left belongs to no index
    throw error;
  }
  await rename(nextEntriesPath(path), entriesPath(path));
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    throw unwritable(path, error);
  }
}
