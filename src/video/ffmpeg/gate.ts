import { availableParallelism } from "node:os";

/**
 * How many videos `hashVideo` decodes at a time in this process, each in a child with threads and memory of its own. What
 * waits here has an open file and no child, and its time limit does not run yet. `videoFrames` does not wait: who reads two
 * videos side by side would wait for himself.
 */
export const decodeSlots: number = Math.max(2, availableParallelism());

const waiting: (() => void)[] = [];
let taken = 0;

/** Waits for a turn, unless told to stop. */
function turn(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = (): void => {
      signal?.removeEventListener("abort", leave);
      resolve();
    };
    const leave = (): void => {
      waiting.splice(waiting.indexOf(go), 1);
      reject(signal!.reason as Error);
    };
    signal?.addEventListener("abort", leave, { once: true });
    waiting.push(go);
  });
}

/** Runs `work` when it is its turn; the next one's is when it has ended. @throws the signal's reason, while it waits. */
export async function inDecodeSlot<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  if (taken < decodeSlots) taken++;
  else await turn(signal); // whoever ends hands its slot on
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) taken--;
    else next();
  }
}
