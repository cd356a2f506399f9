/**
 * Runs `work` until `signal` or `work` itself stops it. sharp cannot be interrupted: what it is doing then ends by itself,
 * unheard, within its time limit.
 */
export async function withStop<T>(
  signal: AbortSignal | undefined,
  work: (stop: AbortController) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const relay = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", relay, { once: true });
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(stop), stopped]);
  } finally {
    signal?.removeEventListener("abort", relay);
  }
}
