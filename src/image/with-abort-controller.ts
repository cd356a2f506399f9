import { onAbort } from "../on-abort.js";

/**
 * Runs `work` with a controller that is aborted when `signal` is. `work` may abort it too, for instance when it takes
 * too long. The promise rejects as soon as the controller is aborted. sharp cannot be interrupted: what it does at that
 * moment ends by itself, within its time limit, and its result is dropped.
 */
export async function withAbortController<T>(
  signal: AbortSignal | undefined,
  work: (controller: AbortController) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const relay = (): void => controller.abort(signal?.reason);
  const forget = onAbort(signal, relay);
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(controller), aborted]);
  } finally {
    forget();
  }
}
