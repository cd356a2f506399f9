import { onAbort } from "../on-abort.js";
import { EmpreinteError } from "../errors.js";
import type { CancelHandle } from "../native/binding/handle.js";
import type { IndexHandle } from "../native/binding/search.js";
import { native } from "../native/load.js";
import type { Addition } from "./rows.js";
import { indexError } from "./index-errors.js";

export const closedError = (): EmpreinteError => new EmpreinteError("ERR_EMPREINTE_CLOSED", "The index is closed");

/** The additions that run on other threads: each adds all or nothing, and rejects only when it added nothing. */
export class Additions {
  readonly #index: IndexHandle;
  readonly #running = new Set<CancelHandle>();
  #closed = false;

  constructor(index: IndexHandle) {
    this.#index = index;
  }

  /** An abort is heard until the entries are being added; a later one is too late, and this resolves. */
  async run({ ids, hashes, tags }: Addition, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const token = native.createCancel();
    const stop = (): void => native.cancel(token);
    const forget = onAbort(signal, stop);
    this.#running.add(token);
    try {
      await native.indexAddMany(this.#index, ids, hashes, tags, token);
    } catch (error) {
      if (this.#closed) throw closedError();
      throw signal?.aborted ? signal.reason : indexError(error);
    } finally {
      this.#running.delete(token);
      forget();
    }
    if (!this.#closed) return;
    // What it added came after the index was emptied.
    native.closeIndex(this.#index);
    throw closedError();
  }

  /** Those that have not begun add nothing; those that have are undone at their end. */
  close(): void {
    this.#closed = true;
    for (const token of this.#running) native.cancel(token);
  }
}
