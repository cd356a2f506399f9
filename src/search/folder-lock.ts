import { open } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { native } from "../native/load.js";

const millisecondsBetween = 5;

/**
 * Runs `work` while nobody else on this machine, in this process or another, does so for the folder: for steps that are
 * several renames. The lock ends with whoever holds it. On Windows, and where the file system has no locks, there is none.
 */
export async function withFolderLock<T>(
  folder: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (process.platform === "win32") return work();
  const handle = await open(folder, "r");
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
