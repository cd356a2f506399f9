/** Settings of the allocator for a process that decodes images. */
import { totalmem } from "node:os";
import { isMainThread } from "node:worker_threads";
import { native } from "../../native/load.js";
import { threadPoolSize } from "../../thread-pool.js";

const mib = 2 ** 20;
/** Smaller blocks are reused. An arena of a thread has no place for a larger one. */
const mostThreshold = 64 * mib;
/** Below these bytes glibc's own thresholds, which grow to 32 MiB, keep as much. */
const leastThreshold = 8 * mib;
const mostKept = 64 * mib;
const mostPad = 16 * mib;

/** What an idle thread keeps. */
const idleThreshold = mib / 8;
const mostTrims = 64;

/** Threads of the pool that share one arena. More would wait for each other. */
const mostSharing = 4;

const checkMilliseconds = 5000;
/** Busier than a tenth of a thread, the process is at work. */
const idleMicroseconds = 100 * checkMilliseconds;
/** So little work leaves nothing that is worth a trim. */
const leastMicroseconds = 50_000;
/**
 * The number of checks after which memory returns even while the process works. Allocating it again so seldom costs
 * nothing.
 */
const busyChecks = 12;

/** Variables with which a user has set the thresholds before the process started. */
function setByUser(): boolean {
  const { env } = process;
  const names = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"];
  return names.some((name) => env[name]) || (env["GLIBC_TUNABLES"] ?? "").includes("glibc.malloc.");
}

/** Returns thresholds in bytes, or undefined if there is too little memory. `available` is in bytes. */
export function thresholdsOf(
  available: number,
  threads: number,
): { mmapThreshold: number; trimThreshold: number; topPad: number } | undefined {
  // All arenas, of the pool's threads and of the main thread, keep at most a quarter.
  const share = Math.floor(available / 4 / (threads + 1));
  if (share < leastThreshold) return undefined;
  const trimThreshold = Math.min(mostKept, share);
  return {
    mmapThreshold: Math.min(mostThreshold, share),
    trimThreshold,
    topPad: Math.min(mostPad, Math.floor(trimThreshold / 16)),
  };
}

/** Returns the bytes that this process may use: the machine's memory, or the limit of its control group. */
function availableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

type Thresholds = NonNullable<ReturnType<typeof thresholdsOf>>;

/** Sets the thresholds of the whole process. */
function setThresholds({ mmapThreshold, trimThreshold, topPad }: Thresholds): boolean {
  return native.tuneAllocator(mmapThreshold, trimThreshold, topPad);
}

/** Gives unused memory back to the system, of every thread of the pool that is free. */
async function trim(thresholds: Thresholds): Promise<void> {
  setThresholds({ ...thresholds, trimThreshold: idleThreshold, topPad: 0 });
  try {
    await Promise.all(Array.from({ length: Math.min(threadPoolSize(), mostTrims) }, () => native.trimAllocator()));
  } finally {
    setThresholds(thresholds);
  }
}

/** Gives unused memory back to the system when the process is idle, and once a minute when it is not. */
function trimRegularly(thresholds: Thresholds): void {
  let last = process.cpuUsage();
  let worked = 0;
  let checks = 0;
  const check = (): void => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    worked += user + system;
    checks++;
    const idle = user + system < idleMicroseconds;
    if (worked < leastMicroseconds || !(idle || checks >= busyChecks)) return;
    worked = 0;
    checks = 0;
    void trim(thresholds);
  };
  setInterval(check, checkMilliseconds).unref();
}

/**
 * Makes glibc's allocator keep the memory of one image for the next, for the whole process. By default it gives large
 * blocks back to the system and takes them anew, which costs much of the time of a decode. Blocks of more than 64 MiB
 * still return at once, and the rest when the process has been idle for some seconds, or after a minute of work. In a
 * small memory, or under a small limit of a control group, less is kept. Up to four threads of the pool share what is
 * kept, unless they have allocated before or the environment sets MALLOC_ARENA_MAX.
 *
 * Call this in a program that owns its process, on its main thread, when it starts. Further calls change nothing. It
 * also changes nothing in a worker thread, with another allocator or C library, where there are less than 160 MiB of
 * memory, or where the environment sets glibc's thresholds.
 *
 * @returns `allocator`: whose `malloc` this process uses. `tuned`: whether the settings are in effect.
 * @example
 * const { allocator, tuned } = tuneProcess(); // once, when the program starts
 */
export function tuneProcess(): { allocator: "glibc" | "other"; tuned: boolean } {
  const state = native.allocatorState();
  if (state.tuned || state.allocator === "other" || !isMainThread || setByUser()) return state;
  const thresholds = thresholdsOf(availableMemory(), threadPoolSize());
  if (thresholds === undefined) return state;
  const tuned = setThresholds(thresholds);
  if (tuned) {
    // A number of arenas from the environment stays. One thread has nobody to share with.
    const threads = Math.min(threadPoolSize(), mostSharing);
    if (threads > 1 && !process.env["MALLOC_ARENA_MAX"]) native.shareArena(threads);
    trimRegularly(thresholds);
  }
  return { allocator: state.allocator, tuned };
}
