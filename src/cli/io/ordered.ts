/**
 * Lets one loop wait for another. A waking that nobody waits for is lost, so that the waiter checks before it waits.
 */
class Wakeup {
  #wake = (): void => {};

  wait(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  wake(): void {
    this.#wake();
  }
}

/** One run: inputs go out, answers come back in any order and wait until it is their turn. */
class Ordering<Input, Given, Answer> {
  readonly #window: number;
  /** Answers that wait for an earlier one, by position. */
  readonly #ready = new Map<number, Answer>();
  /** Inputs at work: their position and what is kept for them, by their number among those handed over. */
  readonly #away = new Map<number, { at: number; given: Given }>();
  readonly #reader = new Wakeup();
  readonly #feeder = new Wakeup();
  #taken = 0;
  #yielded = 0;
  #stopped: boolean;
  #end: { failure?: { error: unknown } } | undefined;

  constructor(window: number, stopped: boolean) {
    this.#window = window;
    this.#stopped = stopped;
  }

  /** Stops handing out items. */
  readonly stop = (): void => {
    this.#stopped = true;
    this.#reader.wake();
    this.#feeder.wake();
  };

  /** Yields the inputs without an answer, as far as the window allows. */
  async *feed(inputs: AsyncIterable<{ input: Input; given: Given } | { answer: Answer }>): AsyncGenerator<Input> {
    let handed = 0;
    for await (const next of inputs) {
      while (this.#taken - this.#yielded >= this.#window && !this.#stopped) await this.#feeder.wait();
      if (this.#stopped) return;
      const at = this.#taken++;
      if ("answer" in next) this.#put(at, next.answer);
      else {
        this.#away.set(handed++, { at, given: next.given });
        yield next.input;
      }
    }
  }

  /** Takes the answers as they come. */
  async take(answers: () => AsyncIterable<{ index: number; answer: (given: Given) => Answer }>): Promise<void> {
    try {
      for await (const { index, answer } of answers()) {
        const { at, given } = this.#away.get(index)!;
        this.#away.delete(index);
        this.#put(at, answer(given));
      }
      this.#end = {};
    } catch (error) {
      this.#end = { failure: { error } };
    }
    this.#reader.wake();
  }

  /**
   * Waits for the next answer in the order of the inputs. Returns false at the end, and throws what `answers` threw.
   */
  async hasNext(): Promise<boolean> {
    while (!this.#ready.has(this.#yielded)) {
      if (this.#end?.failure) throw this.#end.failure.error;
      if (this.#end !== undefined) return false;
      await this.#reader.wait();
    }
    return true;
  }

  /** The next answer, which makes room for an input. */
  next(): Answer {
    const answer = this.#ready.get(this.#yielded)!;
    this.#ready.delete(this.#yielded++);
    this.#feeder.wake();
    return answer;
  }

  #put(at: number, answer: Answer): void {
    this.#ready.set(at, answer);
    this.#reader.wake();
  }
}

/**
 * Hands `inputs` to `work`, which gives one answer an input in any order, and yields the answers in the order of the
 * inputs. At most `window` inputs are in work or wait for an earlier one. An input may bring its answer with it. After
 * `signal` is aborted nothing more is handed out, and what `work` makes of that is thrown.
 */
export async function* inOrder<Input, Given, Answer>(
  inputs: AsyncIterable<{ input: Input; given: Given } | { answer: Answer }>,
  work: (inputs: AsyncIterable<Input>) => AsyncIterable<{ index: number; answer: (given: Given) => Answer }>,
  window: number,
  signal: AbortSignal,
): AsyncGenerator<Answer, void, undefined> {
  const order = new Ordering<Input, Given, Answer>(window, signal.aborted);
  signal.addEventListener("abort", order.stop);
  const working = order.take(() => work(order.feed(inputs)));
  try {
    while (await order.hasNext()) yield order.next();
  } finally {
    order.stop();
    signal.removeEventListener("abort", order.stop);
    await working;
  }
}
