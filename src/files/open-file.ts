import { closeSync, constants, fstatSync, openSync, type Stats, statfsSync, statSync } from "node:fs";
import { type FileHandle, open, statfs } from "node:fs/promises";

/** Opening a named pipe would wait for a writer without O_NONBLOCK. Regular files do not notice it. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * The file systems whose files the kernel makes while they are read, by the type that statfs gives: proc, sysfs,
 * debugfs, tracefs, securityfs, cgroup, cgroup2, bpf, configfs, pstore. Such a file has no length, and reading one may
 * wait for ever.
 */
const kernelFileSystems: ReadonlySet<number> = new Set([
  0x9fa0, 0x6265_6572, 0x6462_6720, 0x7472_6163, 0x7363_6673, 0x27_e0eb, 0x6367_7270, 0xcafe_4a11, 0x6265_6570,
  0x6165_676c,
]);

/**
 * Returns the error for what is not a file, or undefined for a file. Its code is the one that the system would return.
 */
export function refusal(stat: Stats): Error | undefined {
  if (stat.isFile()) return undefined;
  const refused = (what: string, code: string): Error => Object.assign(new Error(what), { code });
  if (stat.isDirectory()) return refused("it is a folder", "EISDIR");
  if (stat.isFIFO()) return refused("it is a named pipe, not a file", "ESPIPE");
  if (stat.isSocket()) return refused("it is a socket, not a file", "ENXIO");
  return refused("it is a device, not a file", "ENODEV");
}

/** Files of the kernel take no blocks. So a file that has some needs no second look. */
const maybeOfKernel = (stat: Stats): boolean => process.platform === "linux" && stat.blocks === 0;
const ofKernel = "it is a file of the kernel, without a length";

/** The error of a socket that is opened says little. */
function opening(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code === "ENXIO"
    ? new Error("it is a socket or a device, not a file")
    : error;
}

/** A regular file that is open for reading. */
export interface OpenedFile {
  file: FileHandle;
  stat: Stats;
}

/**
 * Opens a regular file for reading. Whatever is not one is refused at once: a folder, named pipe, socket, device, or a
 * file of the kernel as in /proc. None of them is waited for or read.
 *
 * @throws the system's error, or an `Error` whose message says what the path is: "it is a folder".
 */
export async function openFile(path: string | Buffer): Promise<OpenedFile> {
  const file = await open(path, flags).catch((error: unknown) => {
    throw opening(error);
  });
  try {
    const stat = await file.stat();
    const why = refusal(stat);
    if (why !== undefined) throw why;
    if (maybeOfKernel(stat) && kernelFileSystems.has((await statfs(path)).type)) throw new Error(ofKernel);
    return { file, stat };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Throws what `openFile` throws for what is not a file, from its status. */
function checkSync(path: string, stat: Stats): void {
  const why = refusal(stat);
  if (why !== undefined) throw why;
  if (maybeOfKernel(stat) && kernelFileSystems.has(statfsSync(path).type)) throw new Error(ofKernel);
}

/** Opens a file as `openFile` does, and returns its descriptor. */
export function openFileSync(path: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, flags);
  } catch (error) {
    throw opening(error);
  }
  try {
    checkSync(path, fstatSync(descriptor));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/**
 * Throws for a path at which there is something that is not a file, so that it is not replaced: a folder, or a device
 * such as /dev/null. A link counts as what it leads to. A path at which there is nothing yet is fine.
 */
export function checkReplaceable(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined) checkSync(path, stat);
}

/**
 * Throws what `openFile` throws, without opening the file: closing one would release the locks that SQLite has on it.
 */
export function checkFileSync(path: string): void {
  checkSync(path, statSync(path));
}
