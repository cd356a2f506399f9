/** Ends when `signal` does, with its reason, or when the work stops itself. What the decoder is doing then ends unheard. */
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
