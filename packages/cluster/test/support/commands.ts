/** The command as processes: what they print, and how they end. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "../../../../test/support/run.ts";

const main = join(root, "packages/cluster/dist/main.js");

export class Command {
  readonly ended: Promise<number | null>;
  text = "";
  readonly #child: ChildProcess;

  constructor(args: readonly string[], environment: Record<string, string>) {
    // Away from the options of whoever runs the tests.
    const env = { PATH: process.env["PATH"], ...environment };
    this.#child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on("data", (chunk: Buffer) => (this.text += chunk.toString()));
    }
    this.ended = new Promise((resolve) => this.#child.on("close", resolve));
  }

  /** Ends the process, and returns its exit status. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }
}
