/**
 * Removing the index file so that its hashes are gone. Every step is synchronous: a withdrawal does it inside its
 * transaction, before the steps that may fail.
 *
 * Somebody may have put the file on another disk behind a symbolic link, or given it a second name. What is behind a
 * link is removed, too, and a file with a second name is overwritten with zeros first. Only index files are treated so:
 * whatever else a link leads to stays.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { EmpreinteError, printable, systemReason } from "../../errors.js";

/** What an index file begins with. */
export const indexMagic = "EMPREIDX";
const zeros = Buffer.alloc(1 << 20);

/**
 * Removes an index file and the temporary files that a killed save has left beside it.
 * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`
 */
export function removeIndexFile(path: string): void {
  const folder = dirname(path);
  const name = basename(path);
  const isOurs = (other: string): boolean =>
    other === name || (other.startsWith(`.${name}.`) && other.endsWith(".tmp"));
  let found = false;
  for (const other of guard(path, () => readdirSync(folder)).filter(isOurs)) {
    found = true;
    guard(join(folder, other), () => removeFile(join(folder, other)));
  }
  if (found) syncFolderNow(folder);
}

/** Removes what is behind a link at the path, and zeroes a file with a second name. Other files stay. */
export function releaseLinks(path: string): void {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return;
  if (info.isDirectory()) throw new Error("it is a folder");
  if (info.isSymbolicLink()) {
    const target = targetOf(path);
    if (target === undefined || !isIndexFile(target)) return;
    if (lstatSync(target).nlink > 1) zero(target);
    unlinkSync(target);
    syncFolderNow(dirname(target));
  } else if (info.nlink > 1 && isIndexFile(path)) zero(path);
}

function removeFile(path: string): void {
  releaseLinks(path);
  try {
    unlinkSync(path);
  } catch (error) {
    // Another process removed it first.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/**
 * Returns the regular file that a link leads to, or undefined if there is none. The store's own files do not count:
 * closing one would release the locks that SQLite has on it.
 */
function targetOf(link: string): string | undefined {
  try {
    const target = realpathSync.native(link);
    const isStores = [".index", "", "-wal", "-shm"].some((end) => target === link.replace(/\.index$/, end));
    return !isStores && lstatSync(target).isFile() ? target : undefined;
  } catch (error) {
    if (["ENOENT", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function isIndexFile(path: string): boolean {
  const start = Buffer.alloc(indexMagic.length);
  const descriptor = openSync(path, "r");
  try {
    return readSync(descriptor, start, 0, start.length, 0) === start.length && start.toString("latin1") === indexMagic;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Overwrites a file in place. It keeps its length, so that a process that has mapped it is not killed, and its first
 * bytes go first, by which that process sees that its searches are wrong from now on.
 */
function zero(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    const { size } = fstatSync(descriptor);
    writeSync(descriptor, zeros, 0, Math.min(size, indexMagic.length), 0);
    for (let at = 0; at < size;) at += writeSync(descriptor, zeros, 0, Math.min(zeros.length, size - at), at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolderNow(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const text = `The index file ${printable(path)} cannot be removed: ${systemReason(error)}`;
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", text, { cause: error });
  }
}
