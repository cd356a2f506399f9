import type { CancelHandle, IndexHandle } from "../native/binding.js";
import { native } from "../native/load.js";

/** So many changes one by one before it is asked whether parts are to be joined. */
const changesBetween = 8192;

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
    if (native.indexWantsMaintenance(this.#index)) void this.run();
  }

  /** Until nothing is due; at most one runs. Never rejects: `finish` tells what went wrong. */
  run(): Promise<void> {
    this.#running ??= this.#steps().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #steps(): Promise<void> {
    try {
      while (await native.indexMaintain(this.#index, this.#cancel));
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Runs to the end, the newest entries with it. @throws what ended it. */
  async finish(): Promise<void> {
    await this.#running;
    native.indexFlush(this.#index);
    await this.run();
    if (this.#failure !== undefined) throw this.#failure;
  }

  stop(): void {
    native.cancel(this.#cancel);
  }
}
