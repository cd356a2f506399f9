/** Which test files may run one after the other in one process: those that leave it as they found it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.ts";

/** The rooms whose tests call the library and nothing else. Programs, servers and hostile inputs have processes of their own. */
const rooms = ["test/kat", "test/property", "test/differential", "test/unit"];
const apart = ["test/unit/cli", "test/unit/project"];

/** What changes or measures the whole process: its environment, folder, allocator, memory, threads, handlers and warnings. */
const wholeProcess =
  /process\.(env|chdir|cwd|memoryUsage|resourceUsage|on|once|exitCode|execArgv|umask)\b|tuneProcess|hardenDecoder|sharp\.(cache|concurrency|simd)|\bgc\(|\/proc\/self|UV_THREADPOOL_SIZE|vi\.(mock|stub|useFakeTimers)|isolation: "process"/;

/** Whether a test with this source leaves its process as it was. What test/support changes, it restores after a file's tests. */
export function sharesProcess(source: string): boolean {
  return !wholeProcess.test(source);
}

/** The test files that share processes, as paths from the root. */
export function sharedFiles(): string[] {
  return rooms
    .flatMap((room) => readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((n) => `${room}/${n}`))
    .filter((file) => file.endsWith(".test.ts") && !apart.some((folder) => file.startsWith(`${folder}/`)))
    .filter((file) => sharesProcess(readFileSync(join(root, file), "utf8")))
    .toSorted();
}
