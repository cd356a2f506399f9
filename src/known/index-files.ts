/**
 * The two files of known hashes: FILE, the index, and FILE.entries, what the lists say of each entry. Renaming FILE is
 * what makes a new pair the valid one: its entries lie at FILE.entries.next until then and are renamed after it, so that
 * a reader, and a machine that lost power, finds the old pair or the new one. Of several writers one renames at a time.
 */
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EmpreinteError, IndexError } from "../errors.js";
import { syncFolder, temporaryPath } from "../files/atomic-file.js";
import { pathOf } from "../files/path.js";
import { damaged } from "../search/file.js";
import { withFolderLock } from "../search/folder-lock.js";
import { HashIndex, type OpenOptions } from "../search/hash-index.js";
import { EntriesWriter, FileEntries, indexHeaderBytes } from "./entries-file.js";
import type { LoadedList } from "./read-lists.js";

const entriesOf = (path: string): string => `${path}.entries`;
const nextOf = (path: string): string => `${path}.entries.next`;

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

/** With the file's name, whatever went wrong. */
function readError(path: string, error: unknown): Error {
  if (error instanceof IndexError) return new IndexError(error.code, `${path}: ${error.message}`, { cause: error });
  const why = error instanceof Error ? error.message : String(error);
  return new EmpreinteError("ERR_EMPREINTE_READ", `${path} cannot be opened: ${why}`, { cause: error });
}

async function headerOf(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const header = Buffer.alloc(indexHeaderBytes);
    await file.read(header, 0, indexHeaderBytes, 0);
    return header;
  } finally {
    await file.close();
  }
}

/** The entries that belong to the index with this header. */
async function openEntries(path: string, header: Uint8Array): Promise<FileEntries> {
  let failure: { path: string; error: unknown } | undefined;
  // The first again: it may have been renamed into place meanwhile.
  for (const name of [entriesOf(path), nextOf(path), entriesOf(path)]) {
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

export interface Pair {
  index: HashIndex;
  entries: FileEntries;
}

/** Another one after the file was replaced, though its content be the same. */
async function identityOf(path: string): Promise<string> {
  try {
    const { dev, ino, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, ctimeNs].join(" ");
  } catch (error) {
    throw readError(path, error);
  }
}

/** So often a file may be replaced while it is being opened. */
const mostReplacements = 100;

interface Opened {
  index: HashIndex;
  header: Buffer;
  identity: string;
}

/** The index, unverified, and its header: of one file, whatever is renamed to its name meanwhile. */
async function openIndex(path: string, signal: AbortSignal | undefined): Promise<Opened> {
  for (let replaced = 0; ; replaced++) {
    signal?.throwIfAborted();
    const identity = await identityOf(path);
    const index = await HashIndex.open(path, { verify: "later", ...(signal && { signal }) });
    try {
      const header = await headerOf(path);
      if (replaced === mostReplacements || identity === (await identityOf(path))) return { index, header, identity };
    } catch (error) {
      index.close();
      throw error;
    }
    index.close();
  }
}

async function openPair(path: string, signal: AbortSignal | undefined): Promise<Pair> {
  for (let replaced = 0; ; replaced++) {
    const { index, header, identity } = await openIndex(path, signal);
    try {
      return { index, entries: await openEntries(path, header) };
    } catch (error) {
      index.close();
      // Its entries may have been replaced together with it.
      if (replaced === mostReplacements || identity === (await identityOf(path))) throw error;
    }
  }
}

async function verifyPair(path: string, { index, entries }: Pair, signal: AbortSignal | undefined): Promise<void> {
  try {
    await index.verify(signal && { signal });
  } catch (error) {
    throw error instanceof IndexError ? damaged(path, error) : error;
  }
  try {
    await entries.verify(signal);
  } catch (error) {
    throw error instanceof IndexError ? readError(entriesOf(path), error) : error;
  }
}

/** Opens both files, of one pair even while they are replaced. */
export async function openFiles(given: string | URL, { verify, signal }: OpenOptions): Promise<Pair> {
  const path = pathOf(given);
  const pair = await openPair(path, signal);
  try {
    if (pair.entries.size !== pair.index.size)
      throw readError(path, new IndexError("ERR_EMPREINTE_INDEX_FILE", "the file is damaged (its ids)"));
    if (verify !== "later") await verifyPair(path, pair, signal);
    return pair;
  } catch (error) {
    pair.entries.release();
    pair.index.close();
    throw error;
  }
}

/** A new pair on its way: entries first, page by page, then the index and both names. */
export class IndexFilesWriter {
  readonly #path: string;
  readonly #beside: string;
  readonly #file: FileHandle;
  readonly #entries: EntriesWriter;
  #open = true;

  private constructor(path: string, beside: string, file: FileHandle) {
    this.#path = path;
    this.#beside = beside;
    this.#file = file;
    this.#entries = new EntriesWriter(file);
  }

  static async create(given: string | URL): Promise<IndexFilesWriter> {
    const path = pathOf(given);
    const beside = temporaryPath(path);
    return writing(path, async () => new IndexFilesWriter(path, beside, await open(`${beside}.entries`, "wx", 0o600)));
  }

  page(bytes: Uint8Array): Promise<void> {
    return writing(this.#path, () => this.#entries.page(bytes));
  }

  /** Makes this the pair at the path. */
  async finish(index: HashIndex, lists: readonly LoadedList[], signal: AbortSignal | undefined): Promise<void> {
    try {
      await index.save(this.#beside, signal && { signal });
    } catch (error) {
      if (!(error instanceof EmpreinteError) || error.code !== "ERR_EMPREINTE_WRITE") throw error;
      const why = (error.cause as Error).message;
      throw new EmpreinteError(error.code, `${this.#path} cannot be written: ${why}`, { cause: error.cause });
    }
    await writing(this.#path, async () => {
      await this.#entries.finish(index.size, lists, await headerOf(this.#beside));
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
    await rename(`${this.#beside}.entries`, nextOf(this.#path));
    await rename(this.#beside, this.#path);
    await syncFolder(dirname(this.#path));
    await rename(nextOf(this.#path), entriesOf(this.#path));
    await syncFolder(dirname(this.#path));
  }

  /** Leaves no temporary file behind, finished or not. */
  async cleanUp(): Promise<void> {
    await this.#close();
    await rm(this.#beside, { force: true });
    await rm(`${this.#beside}.entries`, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }
}

/** Ends what a writer that was killed between its last two renames has left: the entries of the valid pair are `.next`. */
async function recoverInterruptedRename(path: string): Promise<void> {
  try {
    const about = await stat(nextOf(path));
    new FileEntries(nextOf(path), about.size, await headerOf(path)).release();
  } catch (error) {
    if (isMissing(error) || error instanceof IndexError) return; // nothing is left, or what is left is nobody's
    throw error;
  }
  await rename(nextOf(path), entriesOf(path));
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", `${path} cannot be written: ${error.message}`, { cause: error });
  }
}
