/** Which test files may run one after the other in one process: those that leave it as they found it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.ts";

/**
 * The rooms whose tests leave their process alone. Hostile inputs, compilers and clusters have their own.
 */
const rooms = ["test/kat", "test/property", "test/differential", "test/unit"];
const packages = ["browser", "exchange", "fetch", "server"].map((name) => `packages/${name}/test`);

/**
 * What changes or measures the whole process: its environment, folder, allocator, memory, threads, handlers and
 * warnings. A copy of the environment for a child changes nothing.
 */
const wholeProcess =
  /(?<!\{ \.\.\.)process\.env\b|process\.(chdir|cwd|memoryUsage|resourceUsage|on|once|exitCode|execArgv|umask)\b|tuneProcess|hardenDecoder|sharp\.(cache|concurrency|simd)|\bgc\(|\/proc\/self|UV_THREADPOOL_SIZE|vi\.(mock|stub|useFakeTimers)|isolation: "process"/;

/**
 * Whether a test with this source leaves its process as it was. What test/support changes, it restores after a file's
 * tests.
 */
export function sharesProcess(source: string): boolean {
  return !wholeProcess.test(source);
}

/** The test files that share processes, as paths from the root. */
export function sharedFiles(): string[] {
  return [...rooms, ...packages]
    .flatMap((room) => readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((n) => `${room}/${n}`))
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => sharesProcess(readFileSync(join(root, file), "utf8")))
    .toSorted();
}
