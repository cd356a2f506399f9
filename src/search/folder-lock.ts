import { open } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { unwritable } from "../errors.js";
import { native } from "../native/load.js";

const millisecondsBetween = 5;

/**
 * Runs `work` while no other caller on this machine, in this process or another, does so for the same folder. It
 * protects steps that consist of several renames. The lock ends with the process that holds it. There is no lock on
 * Windows and on file systems without locks.
 *
 * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE` if the folder is gone or cannot be opened.
 */
export async function withFolderLock<T>(
  folder: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (process.platform === "win32") return work();
  const handle = await open(folder, "r").catch((error: unknown) => {
    throw unwritable(folder, error);
  });
  try {
    while (!native.lockFolder(handle.fd)) {
      signal?.throwIfAborted();
      await setTimeout(millisecondsBetween);
    }
    return await work();
  } finally {
    await handle.close();
  }
}
