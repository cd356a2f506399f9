/** Runs one work after the other. Work that fails holds up nobody: only its caller gets the error. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  async run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Waits until all work so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
