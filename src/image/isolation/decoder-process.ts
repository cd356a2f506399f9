/** One decoder process: it gets a task at a time, and is killed when the task is aborted. */
import { onAbort } from "../../on-abort.js";
import { fileURLToPath } from "node:url";
import { type Child, endChild, startChild } from "../../processes/child-process.js";
import { withSystemLimits } from "../../processes/system-limits.js";
import { type Message, MessageReader, type MessageLimits, writeMessage } from "./messages.js";

/**
 * Address space of a process: Node.js itself reserves about one GiB, and an image of 2²⁷ pixels of 8 bytes takes one for its
 * samples and one for what the decoder keeps.
 */
const addressSpace = 2 ** 33;
/** Otherwise each memory of WebAssembly reserves 10 GiB of that address space, so that the processor checks its bounds. */
const noGuardPages = "--disable-wasm-trap-handler";
/** Seconds of processor time in the whole life of a process. The time of one image is limited by who waits for it. */
const lifeSeconds = 3600;
/** Bytes of standard error that an error may quote. */
const mostSaid = 4096;

/** How a process ended that should not have: "SIGSEGV", "exit status 1: out of memory". */
export class DecoderEnded extends Error {}

/** A running decoder process. */
export class DecoderProcess {
  readonly #child: Child;
  #waiting: { resolve(message: Message): void; reject(error: unknown): void } | undefined;
  #reader: MessageReader | undefined;
  #said = "";
  #ended = false;
  /** How many tasks it has done. */
  done = 0;

  private constructor(child: Child) {
    this.#child = child;
    child.stdout!.on("data", (chunk: Uint8Array) => this.#take(chunk));
    child.stderr!.on("data", (chunk: Uint8Array) => (this.#said = (this.#said + String(chunk)).slice(-mostSaid)));
    void child.exited.then(({ code, signal, error }) => {
      this.#ended = true;
      const last = this.#said.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
      const how = error?.message ?? signal ?? `exit status ${code}${last === "" ? "" : `: ${last}`}`;
      this.#fail(new DecoderEnded(how));
      return undefined;
    });
  }

  /** Starts a process under the limits of the system. */
  static async start(): Promise<DecoderProcess> {
    const script = fileURLToPath(new URL("child.js", import.meta.url));
    const limits = { memoryBytes: addressSpace, cpuSeconds: lifeSeconds };
    const { program, args } = await withSystemLimits(process.execPath, [noGuardPages, script], limits);
    const kernel = process.env["EMPREINTE_KERNEL"];
    const env = { UV_THREADPOOL_SIZE: "1", ...(kernel !== undefined && { EMPREINTE_KERNEL: kernel }) };
    return new DecoderProcess(startChild(program, args, { input: true, env }));
  }

  /** Whether it can take another task. */
  get usable(): boolean {
    return !this.#ended;
  }

  /**
   * Gives it a task and answers what it answers. It keeps this program alive meanwhile. An abort kills it.
   * @throws {DecoderEnded} when it ends first or sends what it should not. The signal's reason.
   */
  async run(head: object, bytes: Uint8Array, limits: MessageLimits, signal: AbortSignal): Promise<Message> {
    signal.throwIfAborted();
    const kill = (): void => {
      this.#fail(signal.reason);
      this.end();
    };
    const forget = onAbort(signal, kill);
    this.#child.hold(true);
    this.#reader = new MessageReader(limits);
    try {
      return await new Promise<Message>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        if (this.#ended) this.#fail(new DecoderEnded("it had ended"));
        else writeMessage(this.#child.stdin!, head, bytes);
      });
    } finally {
      forget();
      this.#child.hold(false);
      this.done++;
    }
  }

  /** Ends the process. */
  end(): void {
    this.#ended = true;
    void endChild(this.#child);
  }

  #take(chunk: Uint8Array): void {
    try {
      for (const message of this.#reader!.push(chunk)) {
        const waiting = this.#waiting;
        if (waiting === undefined) throw new Error("it answered without a question");
        this.#waiting = undefined;
        waiting.resolve(message);
      }
    } catch (error) {
      this.end();
      this.#fail(new DecoderEnded(error instanceof Error ? error.message : String(error)));
    }
  }

  #fail(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
