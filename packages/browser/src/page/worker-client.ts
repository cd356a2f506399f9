/** One worker, seen from the page: requests with answers, progress, and an end that is sudden. */
import { HashError } from "../errors.js";
import type { Answer, Places, Reply, Request, Started, Task } from "../worker/messages.js";

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  progress: ((share: number) => void) | undefined;
}

const ended = (): HashError =>
  new HashError("ERR_EMPREINTE_CLOSED", "The hashing program was ended before it had an answer. Nothing was sent.");

export class WorkerClient {
  readonly started: Promise<Started>;
  /** The worker has taken much memory or failed, and should not be used again. */
  worn = false;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(worker: Worker, places: Places) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => this.#receive(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      const text =
        "The hashing program does not start in this browser. It may forbid WebAssembly or workers on this page.";
      this.end(new HashError("ERR_EMPREINTE_BROWSER", text));
    });
    const life = `empreinte-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
    this.started = this.ask({ kind: "start", places, life }) as Promise<Started>;
    // Whoever asks something else hears of the failure there.
    this.started.then(
      () => this.#watch(life),
      () => undefined,
    );
  }

  ask(task: Task, progress?: (share: number) => void): Promise<Answer> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress });
      try {
        this.#worker.postMessage({ id, task } satisfies Request);
      } catch (cause) {
        this.#waiting.delete(id);
        const text = "Expected a File or Blob, or pixels with bytes.";
        reject(new HashError("ERR_EMPREINTE_INVALID_ARGUMENT", text, { cause }));
      }
    });
  }

  /** Ends the worker at once, with all its memory. What waits for an answer gets `reason`. */
  end(reason: Error = ended()): void {
    this.worn = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  /** Ends this client when the worker has lost its lock: a browser that takes the memory of a worker says nothing. */
  #watch(life: string): void {
    const { locks } = navigator as Partial<Navigator>;
    // A page that closes, or may have no locks, is refused the lock. Nothing is then heard of the worker's end.
    void locks?.request(life, () => this.end()).catch(() => undefined);
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ("progress" in reply) {
      waiting.progress?.(reply.progress);
      return;
    }
    this.#waiting.delete(reply.id);
    if ("answer" in reply) {
      this.worn ||= reply.heavy;
      waiting.resolve(reply.answer);
    } else {
      this.worn ||= reply.broken;
      waiting.reject(new HashError(reply.failed.code, reply.failed.message));
    }
  }
}
