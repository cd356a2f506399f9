import type { CancelHandle } from "../native/binding/handle.js";
import type { IndexHandle } from "../native/binding/search.js";
import { native } from "../native/load.js";

/** How many single changes are made between two checks whether shards should be joined. */
const changesBetween = 8192;

/**
 * The share of the free memory that a shard of tens of millions of entries may take while its predecessors still exist.
 */
const share = 0.9;

/** Joins the shards of an index in the background, one step at a time, while it is read and changed. */
export class Maintenance {
  readonly #index: IndexHandle;
  readonly #cancel: CancelHandle = native.createCancel();
  #changes = 0;
  #finishing = 0;
  #running: Promise<void> | undefined;
  #failure: unknown;

  constructor(index: IndexHandle) {
    this.#index = index;
  }

  /** Counts changes, and starts maintenance when enough were made. Call it after `count` changes. */
  changed(count: number): void {
    this.#changes += count;
    if (this.#changes < changesBetween || this.#running !== undefined) return;
    this.#changes = 0;
    if (native.indexWantsMaintenance(this.#index)) void this.#run();
  }

  /** Runs until no step is due. Only one run is active at a time. It never rejects: `finish` throws its error. */
  #run(): Promise<void> {
    this.#running ??= this.#steps().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #steps(): Promise<void> {
    try {
      while (await native.indexMaintain(this.#index, this.#cancel, this.#room()));
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
  }

  /**
   * Joins all shards and the newest entries, with shards as large as the memory allows. @throws the error that ended
   * it.
   */
  async finish(): Promise<void> {
    // From the next step on, also of what runs already: what it would join in small is not joined twice.
    this.#finishing++;
    try {
      await this.#running;
      native.indexFlush(this.#index);
      await this.#run();
    } finally {
      this.#finishing--;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Returns the memory in bytes for a shard of tens of millions of entries. Background steps make no such shard. */
  #room(): number {
    return this.#finishing > 0 ? Math.floor(share * process.availableMemory()) : 0;
  }

  stop(): void {
    native.cancel(this.#cancel);
  }
}
