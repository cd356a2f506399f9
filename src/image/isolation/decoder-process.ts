/** One decoder process: it gets a task at a time, and is killed when the task is aborted. */
import { EmpreinteError, printable } from "../../errors.js";
import { onAbort } from "../../on-abort.js";
import { fileURLToPath } from "node:url";
import { type Child, endChild, startChild } from "../../processes/child-process.js";
import type { Confined } from "../../processes/confinement.js";
import { decoderConfinement } from "./confinement.js";
import { type Message, MessageReader, type MessageLimits, writeMessage } from "./messages.js";

/**
 * Otherwise each memory of WebAssembly reserves 10 GiB of that address space, so that the processor checks its bounds.
 */
const noGuardPages = "--disable-wasm-trap-handler";
/** What a process sends when it has loaded its decoders. */
const readyLimits: MessageLimits = { headBytes: 64, bytes: 0 };
/** Bytes of standard error that an error may quote. */
const mostSaid = 4096;

/** How a process ended that should not have: "SIGSEGV", "exit status 1: out of memory". */
export class DecoderEnded extends Error {
  /** Whether a signal ended it. */
  bySignal = false;
}

/**
 * Returns the line of standard error that says the most: the one with the error, where Node.js has written a whole
 * trace.
 */
function tellingLine(said: string): string {
  const lines = said.trim().split("\n");
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1)!).slice(0, 200);
}

/** Whether a process may read no other files. It is false once one has started only without this rule. */
let closed = true;

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
      const line = tellingLine(this.#said);
      const ended = new DecoderEnded(
        error?.message ?? signal ?? `exit status ${code}${line === "" ? "" : `: ${line}`}`,
      );
      ended.bySignal = signal !== null;
      this.#fail(ended);
      return undefined;
    });
  }

  /**
   * Starts a process that the system confines, and waits until it has loaded its decoders. Where it cannot load them
   * under the rules for files and sockets, it is started without these, with a warning: it has seen no image yet.
   * @throws {EmpreinteError} `ERR_EMPREINTE_NATIVE_LOAD` when it does not start.
   * @throws {DecoderEnded} when something kills it meanwhile. The signal's reason.
   */
  static async start(signal: AbortSignal): Promise<DecoderProcess> {
    let why: DecoderEnded | undefined;
    if (closed) {
      const decoder = await DecoderProcess.#attempt(true, signal);
      if (!(decoder instanceof DecoderEnded)) return decoder;
      why = decoder;
    }
    const decoder = await DecoderProcess.#attempt(false, signal);
    if (decoder instanceof DecoderEnded) {
      const text = `The process that decodes images does not start (${printable(decoder.message)})`;
      throw new EmpreinteError("ERR_EMPREINTE_NATIVE_LOAD", text, { cause: decoder });
    }
    if (closed && why !== undefined) {
      const text = `Decoder processes can open files and sockets here: they do not start without (${printable(why.message)})`;
      process.emitWarning(text, { code: "EMPREINTE_UNCONFINED" });
    }
    closed = false;
    return decoder;
  }

  /** Starts a process, or returns how it ended by itself. Throws as `start` does. */
  static async #attempt(confined: boolean, signal: AbortSignal): Promise<DecoderProcess | DecoderEnded> {
    try {
      return await DecoderProcess.#start(confined, signal);
    } catch (error) {
      if (error instanceof DecoderEnded && !error.bySignal) return error;
      throw error;
    }
  }

  static async #start(confined: boolean, signal: AbortSignal): Promise<DecoderProcess> {
    signal.throwIfAborted();
    const script = fileURLToPath(new URL("child.js", import.meta.url));
    const kernel = process.env["EMPREINTE_KERNEL"];
    const env = { UV_THREADPOOL_SIZE: "1", ...(kernel !== undefined && { EMPREINTE_KERNEL: kernel }) };
    const { limits, paths } = decoderConfinement();
    const confinement = { limits, paths: confined ? paths : undefined };
    const child = startChild(process.execPath, [noGuardPages, script], { input: true, env, confinement });
    const decoder = new DecoderProcess(child);
    await decoder.#receive(readyLimits, signal, () => {});
    return decoder;
  }

  /** Which parts of its confinement the operating system enforces. */
  get confined(): Confined {
    return this.#child.confined;
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
    try {
      return await this.#receive(limits, signal, () => writeMessage(this.#child.stdin!, head, bytes));
    } finally {
      this.done++;
    }
  }

  /** Returns the next message, which `send` makes it send. */
  async #receive(limits: MessageLimits, signal: AbortSignal, send: () => void): Promise<Message> {
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
        else send();
      });
    } finally {
      forget();
      this.#child.hold(false);
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
