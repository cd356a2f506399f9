import type { CancelHandle } from "./binding/handle.js";
import { onAbort } from "../on-abort.js";
import { native } from "./load.js";

/**
 * Runs a native job that `signal` can end. Rejects with the signal's reason as soon as it is aborted; the job stops at
 * its next look at the cancel flag, and its memory is freed then.
 */
export async function withCancelToken<T>(
  signal: AbortSignal | undefined,
  start: (cancel: CancelHandle | undefined) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return start(undefined);
  signal.throwIfAborted();
  const token = native.createCancel();
  let forget: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => {
      native.cancel(token);
      reject(signal.reason);
    });
  });
  try {
    return await Promise.race([start(token), aborted]);
  } finally {
    forget?.();
  }
}
