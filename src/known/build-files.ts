import { onAbort } from "../on-abort.js";
import { checkCallback, checkOptions } from "../check.js";
import { HashIndex } from "../search/hash-index.js";
import type { HashIndexOptions } from "../search/index-options.js";
import { PassingEntries } from "./entries.js";
import { IndexFilesWriter } from "./index-files.js";
import { allNamed, type KnownLists, readLists } from "./read-lists.js";
import { checkReadOptions, type ReadListOptions, readOptionNames } from "./read-options.js";

/** The options of `HashList.build`. */
export interface BuildOptions extends ReadListOptions {
  /** How the index is made, for the file and the searches in it: see `HashIndexOptions`. Default `"full"`. */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /** Is called from time to time with the number of entries read so far. */
  onProgress?: (entries: number) => void;
}

/** Reads lists into the two files at `path`. It keeps one page of entries in memory. */
export async function buildFiles(lists: KnownLists, path: string | URL, options?: BuildOptions): Promise<void> {
  const given = checkOptions(options, [...readOptionNames, "memory", "onProgress"]);
  const { memory = "full", onProgress, ...reading } = given;
  checkCallback("onProgress", onProgress);
  const checked = checkReadOptions(reading);
  const { signal } = checked;
  const sources = allNamed(lists);
  using index = new HashIndex({ memory });
  const writer = await IndexFilesWriter.create(path);
  try {
    const entries = new PassingEntries((page) => writer.page(page));
    let count = 0;
    const read = await readLists(sources, checked, index, async (batch) => {
      await entries.add(batch);
      onProgress?.((count += batch.ends.length));
    });
    await entries.finish();
    await optimize(index, signal);
    await writer.finish(index, read, signal);
  } finally {
    await writer.cleanUp();
  }
}

/** Optimizes an index. An abort ends the work at once and closes the index. */
async function optimize(index: HashIndex, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const stop = (): void => index.close();
  const forget = onAbort(signal, stop);
  try {
    await index.optimize();
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    forget();
  }
  signal?.throwIfAborted();
}
