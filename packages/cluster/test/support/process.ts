/** A member of a cluster in a process of its own, which a test can stop and kill. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../../../test/support/run.ts";

interface Line {
  id?: number;
  value?: unknown;
  error?: string;
  code?: string;
  event?: { type: string };
  hook?: string;
  started?: boolean;
}

export class Member {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #ended = false;
  #next = 0;

  constructor(options: object) {
    const program = join(root, "packages/cluster/test/support/member.mjs");
    this.#child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdin!.on("error", () => undefined); // The test has killed it.
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.lines.push(JSON.parse(line) as Line);
      for (const wake of this.#waiting) wake();
    });
    this.#child.on("close", () => {
      this.#ended = true;
      for (const wake of this.#waiting) wake();
    });
  }

  /** Waits for a line. */
  async line(wanted: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.lines.find(wanted);
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`the process ended: ${JSON.stringify(this.lines.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  started(): Promise<Line> {
    return this.line(({ started }) => started === true);
  }

  async call<T>(name: string, ...values: unknown[]): Promise<T> {
    const id = this.#next++;
    this.#child.stdin!.write(`${JSON.stringify([id, name, ...values])}\n`);
    const { value, error, code } = await this.line((line) => line.id === id);
    if (error !== undefined) throw Object.assign(new Error(error), { code });
    return value as T;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise((resolve) => this.#child.on("close", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
