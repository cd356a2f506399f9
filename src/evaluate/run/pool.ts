import { Worker } from "node:worker_threads";
import type { GeneratedKind } from "../generated/generated.js";

/** A file, or a generated image by its number. */
export type Source = { path: string } | { kind: GeneratedKind; number: number; seed: string | number };

/** An image to make: the source itself, or altered. */
export interface Job {
  source: Source;
  attack?: string;
  seed: string | number;
  /** The digest of the source: see `altered`. */
  key: string;
}

export type Answer = { id: number; bytes: Uint8Array } | { id: number; reason: string };

interface Waiting {
  job: Job;
  resolve: (bytes: Uint8Array) => void;
  reject: (error: Error) => void;
}

/**
 * Threads that make images. Attacks are JavaScript over pixels and would block the main thread, which runs the methods.
 * The native work of the methods runs in parallel, on libuv's pool.
 */
export class Pool {
  readonly #idle: Worker[] = [];
  readonly #all: Worker[] = [];
  readonly #queue: Waiting[] = [];
  readonly #running = new Map<number, Waiting & { worker: Worker }>();
  #next = 0;
  #closed = false;
  #broken: Error | undefined;

  readonly #threads: number;

  /** @param threads how many there may be. Each begins when there is work for it: loading one takes a second. */
  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Makes an image as a file. It rejects with the error of its source or attack. */
  make(job: Job): Promise<Uint8Array> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#start();
    });
  }

  /** Drops the jobs that have not begun, and waits until each thread has finished its own. */
  async close(): Promise<void> {
    this.#closed = true;
    const ended = new Error("The evaluation was ended");
    for (const waiting of this.#queue.splice(0)) waiting.reject(ended);
    await Promise.all(
      this.#all.map((worker) => {
        const gone = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
        // Not terminate(): a thread that ends inside libvips can take the process with it.
        worker.postMessage("end");
        return worker.threadId === -1 ? undefined : gone;
      }),
    );
    for (const waiting of this.#running.values()) waiting.reject(ended);
  }

  /** Returns a thread without work, or undefined where each has some and there are as many as there may be. */
  #free(): Worker | undefined {
    if (this.#idle.length > 0 || this.#all.length >= this.#threads) return this.#idle.pop();
    const worker = new Worker(new URL("./worker.js", import.meta.url));
    worker.on("message", (answer: Answer) => this.#answered(answer));
    worker.on("error", (error) => this.#failed(error));
    this.#all.push(worker);
    return worker;
  }

  #start(): void {
    while (!this.#closed && this.#queue.length > 0) {
      const worker = this.#free();
      if (worker === undefined) return;
      const waiting = this.#queue.shift()!;
      const id = this.#next++;
      this.#running.set(id, { ...waiting, worker });
      worker.postMessage({ id, job: waiting.job });
    }
  }

  #answered(answer: Answer): void {
    const waiting = this.#running.get(answer.id);
    if (waiting === undefined) return;
    this.#running.delete(answer.id);
    this.#idle.push(waiting.worker);
    if ("bytes" in answer) waiting.resolve(answer.bytes);
    else waiting.reject(new Error(answer.reason));
    this.#start();
  }

  /** A thread that died is a defect, or the machine's end of memory: nothing more is promised. */
  #failed(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    this.#broken = reason;
    for (const waiting of [...this.#running.values(), ...this.#queue.splice(0)]) waiting.reject(reason);
    this.#running.clear();
  }
}
