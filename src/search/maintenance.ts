import type { CancelHandle, IndexHandle } from "../native/binding.js";
import { native } from "../native/load.js";

/** How many single changes there are between two checks whether shards should be joined. */
const changesBetween = 8192;

/** Of the memory that is free, what a part of tens of millions of entries may take beside those it is made of. */
const share = 0.9;

/** Joins an index's parts in the background, a step at a time, while it is read and changed. */
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

  /** After `count` changes. */
  changed(count: number): void {
    this.#changes += count;
    if (this.#changes < changesBetween || this.#running !== undefined) return;
    this.#changes = 0;
    if (native.indexWantsMaintenance(this.#index)) void this.#run();
  }

  /** Until nothing is due; at most one runs. Never rejects: `finish` tells what went wrong. */
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

  /** Runs to the end, the newest entries with it, parts as large as there is memory for. @throws what ended it. */
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

  /** For a part of tens of millions, in bytes. The background makes none. */
  #room(): number {
    return this.#finishing > 0 ? Math.floor(share * process.availableMemory()) : 0;
  }

  stop(): void {
    native.cancel(this.#cancel);
  }
}
