import { EmpreinteError, IndexError, printable, systemReason, unwritable } from "../errors.js";
import { replaceFile } from "../files/atomic-file.js";
import { openFile } from "../files/open-file.js";
import { pathOf } from "../files/path.js";
import { withCancelToken } from "../native/abort.js";
import type { IndexHandle } from "../native/binding/search.js";
import { native } from "../native/load.js";
import { indexError, indexErrorsAsync } from "./index-errors.js";

/** Returns the same error with the name of the file. */
export function damaged(path: string | URL, error: IndexError): IndexError {
  const text = error.message.charAt(0).toLowerCase() + error.message.slice(1);
  return new IndexError(error.code, `${printable(pathOf(path))}: ${text}`, { cause: error });
}

export async function openIndexFile(path: string | URL): Promise<IndexHandle> {
  const name = pathOf(path);
  try {
    // For the system's reason, and for what is not a file: the addon only reports that it failed.
    const { file, stat } = await openFile(name);
    await file.close();
    if (stat.size === 0) throw new IndexError("ERR_EMPREINTE_INDEX_FILE", "This is not an index file");
    return native.openIndex(name);
  } catch (error) {
    const ours = indexError(error);
    if (ours instanceof IndexError) throw damaged(name, ours);
    const text = `${printable(name)} cannot be opened: ${systemReason(error)}`;
    throw new EmpreinteError("ERR_EMPREINTE_READ", text, { cause: error });
  }
}

/**
 * Writes the index to a file. Nothing is awaited before the addon takes its snapshot, so the file has the entries that
 * the index had when this was called.
 *
 * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`; or the signal's reason.
 */
export async function saveIndexFile(
  index: IndexHandle,
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = pathOf(path);
  signal?.throwIfAborted();
  try {
    await replaceFile(name, async (descriptor) => {
      const saving = { started: undefined as Promise<void> | undefined };
      try {
        await withCancelToken(signal, (cancel) => (saving.started = native.indexSave(index, descriptor, cancel)));
      } finally {
        // After an abort the job still writes for a moment. The file must not be closed meanwhile.
        await saving.started?.then(undefined, (error: unknown) => error);
      }
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unwritable(name, error);
  }
}

/** How many bytes at the beginning of an index file tell it from any other: they have the checksums of the rest. */
export const indexHeaderBytes = 64;

/** Reads the beginning of an index file. @throws what the system says. */
export async function readIndexHeader(path: string): Promise<Buffer> {
  const { file } = await openFile(path);
  try {
    const header = Buffer.alloc(indexHeaderBytes);
    await file.read(header, 0, indexHeaderBytes, 0);
    return header;
  } finally {
    await file.close();
  }
}

/** Checks every byte of the file that the index was opened from. @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE` */
export async function verifyIndex(index: IndexHandle, signal: AbortSignal | undefined): Promise<void> {
  await indexErrorsAsync(withCancelToken(signal, (cancel) => native.indexVerify(index, cancel)));
}

/** Copies the file that the index was opened from into memory. @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE` */
export async function warmIndex(index: IndexHandle, signal: AbortSignal | undefined): Promise<void> {
  await indexErrorsAsync(withCancelToken(signal, (cancel) => native.indexWarm(index, cancel)));
}
