/**
 * Hands `inputs` to `work`, which gives one answer an input in any order, and yields the answers in the order of the inputs.
 * At most `window` inputs are in work or wait for an earlier one. An input may bring its answer with it. After `signal` is
 * aborted nothing more is handed out, and what `work` makes of that is thrown.
 */
export async function* inOrder<Input, Given, Answer>(
  inputs: AsyncIterable<{ input: Input; given: Given } | { answer: Answer }>,
  work: (inputs: AsyncIterable<Input>) => AsyncIterable<{ index: number; answer: (given: Given) => Answer }>,
  window: number,
  signal: AbortSignal,
): AsyncGenerator<Answer, void, undefined> {
  /** Answers that wait for an earlier one, by position. */
  const ready = new Map<number, Answer>();
  /** Inputs at work: their position and what is kept for them, by their number among those handed over. */
  const away = new Map<number, { at: number; given: Given }>();
  let taken = 0;
  let yielded = 0;
  let stopped = signal.aborted;
  let wakeReader = (): void => {};
  let wakeFeeder = (): void => {};
  const stop = (): void => {
    stopped = true;
    wakeReader();
    wakeFeeder();
  };
  signal.addEventListener("abort", stop);

  async function* feed(): AsyncGenerator<Input> {
    let handed = 0;
    for await (const next of inputs) {
      while (taken - yielded >= window && !stopped) await new Promise<void>((resolve) => (wakeFeeder = resolve));
      if (stopped) return;
      const at = taken++;
      if ("answer" in next) {
        ready.set(at, next.answer);
        wakeReader();
      } else {
        away.set(handed++, { at, given: next.given });
        yield next.input;
      }
    }
  }

  let failure: { error: unknown } | undefined;
  let ended = false;
  const working = (async () => {
    try {
      for await (const { index, answer } of work(feed())) {
        const { at, given } = away.get(index)!;
        away.delete(index);
        ready.set(at, answer(given));
        wakeReader();
      }
    } catch (error) {
      failure = { error };
    }
    ended = true;
    wakeReader();
  })();

  try {
    for (;;) {
      const answer = ready.get(yielded);
      if (answer !== undefined) {
        ready.delete(yielded++);
        wakeFeeder();
        yield answer;
      } else if (ended) {
        if (failure) throw failure.error;
        return;
      } else await new Promise<void>((resolve) => (wakeReader = resolve));
    }
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
    await working;
  }
}
