/**
 * How many pictures are decoded at a time. Decoding runs on libuv's thread pool; a decode beyond its size would only wait
 * there, with its time limit running. What waits here has not started yet.
 */
const slots = Math.max(1, Math.min(1024, Number(process.env["UV_THREADPOOL_SIZE"]) || 4));
const waiting: (() => void)[] = [];
let taken = 0;

function release(): void {
  taken--;
  waiting.shift()?.();
}

/** Waits for a slot and runs `work`; the slot is free again when the work has really ended. */
export async function inSlot<T>(stop: AbortSignal, work: () => Promise<T>): Promise<T> {
  while (taken >= slots) await new Promise<void>((resolve) => waiting.push(resolve));
  if (stop.aborted) {
    // This turn was ours: hand it on.
    waiting.shift()?.();
    throw stop.reason;
  }
  taken++;
  try {
    return await work();
  } finally {
    release();
  }
}
