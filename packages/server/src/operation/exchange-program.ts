/**
 * The program `empreinte-exchange` beside the server: it fetches the sources of the store at their intervals. A program
 * of its own, so that parsing long lists takes no time from calls.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ServiceError } from "../core/errors.js";

const name = "empreinte-exchange";

/** A program that ends within so many milliseconds is started again later, and later each time. */
const quickEnd = 5000;
const longestPause = 60_000;

/**
 * Finds the program where its package is installed beside the server's. @throws {ServiceError} `ERR_EMPREINTE_CONFIG`
 */
function findProgram(): string {
  const require = createRequire(import.meta.url);
  try {
    const about = require.resolve(`${name}/package.json`);
    const { bin } = require(about) as { bin: Record<string, string> };
    return join(dirname(about), bin[name]!);
  } catch (error) {
    const text = `--exchange needs the package ${name}; npm install ${name} installs it`;
    throw Object.assign(new ServiceError(400, "ERR_EMPREINTE_CONFIG", text), { cause: error });
  }
}

/** The running program. It starts again where it ends by itself. */
export class ExchangeProgram {
  readonly #program: string;
  readonly #store: string;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #failures = 0;

  private constructor(store: string) {
    this.#program = findProgram();
    this.#store = store;
  }

  /** Starts it on a store. @throws {ServiceError} `ERR_EMPREINTE_CONFIG` if its package is not installed. */
  static start(store: string): ExchangeProgram {
    const program = new ExchangeProgram(store);
    program.#start();
    return program;
  }

  #start(): void {
    const startedAt = Date.now();
    // What it says goes to the server's stderr. It ends when the channel closes, so that none outlives a killed server.
    const child = spawn(process.execPath, [this.#program, "run", this.#store, "--watch"], {
      stdio: ["ignore", process.stderr, process.stderr, "ipc"],
    });
    this.#child = child;
    child.once("error", () => undefined);
    child.once("close", (status, signal) => {
      this.#child = undefined;
      if (this.#stopped) return;
      process.stderr.write(`${name} ended (${signal ?? `status ${status}`}). It starts again.\n`);
      this.#failures = Date.now() - startedAt < quickEnd ? this.#failures + 1 : 0;
      const pause = Math.min(longestPause, this.#failures === 0 ? 0 : 250 * 2 ** this.#failures);
      this.#timer = setTimeout(() => this.#start(), pause).unref();
    });
  }

  /** Ends it between two pages, or after so many seconds at once. */
  async end(seconds: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 1000 * seconds);
    await closed;
    clearTimeout(timer);
  }
}
