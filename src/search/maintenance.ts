import type { CancelHandle, IndexHandle } from "../native/binding.js";
import { native } from "../native/load.js";

/** So many changes one by one before it is asked whether parts are to be joined. */
const changesBetween = 8192;

/** Of the memory that is free, what a part of tens of millions of entries may take beside those it is made of. */
const share = 0.9;

/** Joins an index's parts in the background, a step at a time, while it is read and changed. */
export class Maintenance {
  readonly #index: IndexHandle;
  readonly #cancel: CancelHandle = native.createCancel();
  #changes = 0;
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
    if (native.indexWantsMaintenance(this.#index)) void this.#run(() => 0);
  }

  /** Until nothing is due; at most one runs. Never rejects: `finish` tells what went wrong. */
  #run(room: () => number): Promise<void> {
    this.#running ??= this.#steps(room).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #steps(room: () => number): Promise<void> {
    try {
      while (await native.indexMaintain(this.#index, this.#cancel, room()));
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Runs to the end, the newest entries with it, parts as large as there is memory for. @throws what ended it. */
  async finish(): Promise<void> {
    await this.#running;
    native.indexFlush(this.#index);
    await this.#run(() => Math.floor(share * process.availableMemory()));
    if (this.#failure !== undefined) throw this.#failure;
  }

  stop(): void {
    native.cancel(this.#cancel);
  }
}
