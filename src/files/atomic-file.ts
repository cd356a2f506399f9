/**
 * Files that are there whole or not at all, whatever happens to the process or the machine. A file is written under a
 * temporary name in the same folder, flushed to the disk and renamed, and then the folder is flushed.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsync, openSync, write } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { checkReplaceable } from "./open-file.js";

const flush = promisify(fsync);
const writeSome = promisify(write);

/** Returns a new temporary name next to a path: ".known.idx.5d41402abc4b.tmp". */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
}

/**
 * Writes a file of mode 0600 and puts it in place of what is at the path.
 *
 * @param writeContent writes to an open descriptor. It is called before this function waits for anything, so a caller
 * can take a snapshot at the moment of the call.
 * @throws whatever `writeContent` or the system throws, and an error for a path at which something is no file. The file
 * at the path is then the old one.
 */
export async function replaceFile(path: string, writeContent: (descriptor: number) => Promise<void>): Promise<void> {
  checkReplaceable(path);
  const temporary = temporaryPath(path);
  try {
    const descriptor = openSync(temporary, "wx", 0o600);
    try {
      await writeContent(descriptor);
      await flush(descriptor);
    } finally {
      closeSync(descriptor);
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes all bytes at the descriptor's position. */
export async function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await writeSome(descriptor, bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/**
 * Flushes a folder, so that a rename in it survives a power cut. Not every system lets a folder be opened. The renamed
 * file itself is safe without it.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
