import { setMaxListeners } from "node:events";

/**
 * Calls `listener` once when `signal` is aborted from now on. Returns a function that removes it.
 *
 * One signal may end many jobs at once. Node.js takes more than ten listeners for a leak and prints a warning, so the
 * limit is lifted.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  setMaxListeners(0, signal);
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}
