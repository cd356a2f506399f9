/**
 * Returns the number of threads in libuv's pool, 1 … 1024, which native jobs and sharp's decoders share. libuv reads
 * `UV_THREADPOOL_SIZE` when its first job starts and takes 4 threads without it.
 */
export function threadPoolSize(): number {
  return Math.max(1, Math.min(1024, Number(process.env["UV_THREADPOOL_SIZE"]) || 4));
}
