import { randomBytes } from "node:crypto";
import { closeSync, fsync, openSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { invalidArgument } from "../check.js";
import { EmpreinteError, IndexError } from "../errors.js";
import { withSignal } from "../native/abort.js";
import type { IndexHandle } from "../native/binding.js";
import { native } from "../native/load.js";
import { indexError } from "./index-errors.js";

/** @throws {InvalidArgumentError} */
export function pathOf(path: string | URL): string {
  if (path instanceof URL) return fileURLToPath(path);
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw invalidArgument("path", "path of a file", path);
}

/** The same error, naming the file. */
export function damaged(path: string | URL, error: IndexError): IndexError {
  const text = error.message.charAt(0).toLowerCase() + error.message.slice(1);
  return new IndexError(error.code, `${pathOf(path)}: ${text}`, { cause: error });
}

export async function openIndexFile(path: string | URL): Promise<IndexHandle> {
  const name = pathOf(path);
  try {
    // For the system's own words: the addon only says that it could not. A named pipe is told before it is opened.
    const about = await stat(name);
    if (!about.isFile()) throw new Error("it is not a file");
    if (about.size === 0) throw new IndexError("ERR_EMPREINTE_INDEX_FILE", "This is not an index file");
    await (await open(name, "r")).close();
    return native.openIndex(name);
  } catch (error) {
    const ours = indexError(error);
    if (ours instanceof IndexError) throw damaged(name, ours);
    const why = error instanceof Error ? error.message : String(error);
    throw new EmpreinteError("ERR_EMPREINTE_READ", `${name} cannot be opened: ${why}`, { cause: error });
  }
}

const flush = promisify(fsync);

/**
 * Written beside, flushed to the disk, renamed, and the rename flushed. Up to where the addon takes its snapshot nothing is
 * waited for, so that what is written is the moment of the call, whatever happens to the index after it.
 */
export async function saveIndexFile(
  index: IndexHandle,
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = pathOf(path);
  const beside = join(dirname(name), `.${basename(name)}.${randomBytes(6).toString("hex")}.tmp`);
  signal?.throwIfAborted();
  try {
    const file = openSync(beside, "wx", 0o600);
    try {
      const saving = { started: undefined as Promise<void> | undefined };
      try {
        await withSignal(signal, (cancel) => (saving.started = native.indexSave(index, file, cancel)));
      } finally {
        // After an abort the job still writes for a moment: the file must not be closed under it.
        await saving.started?.then(undefined, (error: unknown) => error);
      }
      await flush(file);
    } finally {
      closeSync(file);
    }
    await rename(beside, name);
  } catch (error) {
    await rm(beside, { force: true });
    if (signal?.aborted) throw signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", `${name} cannot be written: ${why}`, { cause: error });
  }
  await syncFolder(dirname(name));
}

/** So that the rename survives a power cut. Not every system lets a folder be opened; the file itself is safe by then. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
