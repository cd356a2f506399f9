/**
 * The threads of the WebAssembly decoders. Such a decoder does not give way while it works, and cannot be interrupted.
 * So it has a thread of its own, which is ended when the image takes too long or its caller aborts.
 */
import { onAbort } from "../../on-abort.js";
import { Worker } from "node:worker_threads";
import type { Answer, Question } from "./messages.js";

/** Milliseconds after which a thread ends that has nothing to do. */
const idleTime = 30_000;

/** A thread whose decoder has taken more bytes is not used again. */
const mostMemory = 2 ** 28;

/** How a thread ended that should not have. */
export class ThreadEnded extends Error {}

/** The thread of a decoder. It answers one question at a time. */
class DecoderThread {
  readonly #worker: Worker;
  #waiting: { resolve(answer: Answer): void; reject(error: unknown): void } | undefined;
  #ended = false;
  /** It answers further pages of its image, but gets no other image. */
  #spent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#worker = new Worker(new URL("worker.js", import.meta.url), {
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    // What the decoder prints says nothing that its errors do not.
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on("message", (answer: Answer) => {
      if (("failed" in answer && answer.failed === "broken") || ("memory" in answer && answer.memory > mostMemory))
        this.#spent = true;
      this.#finish((waiting) => waiting.resolve(answer));
    });
    this.#worker.on("error", (error) => this.#fail(new ThreadEnded(error.message)));
    this.#worker.on("exit", () => {
      this.#ended = true;
      this.#fail(new ThreadEnded("it ended"));
    });
    this.#worker.unref();
  }

  /** Whether it can take another image. */
  get usable(): boolean {
    return !this.#ended && !this.#spent;
  }

  /** Asks the thread. An abort ends it. @throws {ThreadEnded} The signal's reason. */
  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const abort = (): void => {
      this.#fail(signal.reason);
      this.end();
    };
    const forget = onAbort(signal, abort);
    this.#worker.ref();
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        if (this.#ended) this.#fail(new ThreadEnded("it had ended"));
        else this.#worker.postMessage(question);
      });
    } finally {
      forget();
      this.#worker.unref();
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#ended = true;
    void this.#worker.terminate();
  }

  /** Ends the thread when it has had nothing to do for a while. */
  rest(): void {
    this.#timer = setTimeout(() => this.end(), idleTime);
    this.#timer.unref();
  }

  wake(): void {
    clearTimeout(this.#timer);
  }

  #fail(error: unknown): void {
    this.#finish((waiting) => waiting.reject(error));
  }

  #finish(how: (waiting: { resolve(answer: Answer): void; reject(error: unknown): void }) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }
}

export type { DecoderThread };

const idle: DecoderThread[] = [];

/** Returns a thread that nothing else uses. Give it back with `release`. */
export function acquire(): DecoderThread {
  for (let thread = idle.pop(); thread !== undefined; thread = idle.pop()) {
    thread.wake();
    if (thread.usable) return thread;
  }
  return new DecoderThread();
}

/** Gives a thread back. It ends if it cannot be used again. */
export function release(thread: DecoderThread): void {
  if (!thread.usable) return thread.end();
  thread.rest();
  idle.push(thread);
}
