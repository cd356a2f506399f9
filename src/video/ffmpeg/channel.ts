import { StringDecoder } from "node:string_decoder";
import type { OutputsHandle } from "../../native/binding.js";
import { native } from "../../native/load.js";
import type { Child, Outputs } from "./child.js";
import { StreamBytes } from "./reader.js";

/** What a child writes: samples on its standard output, lines on its standard error. */
export interface Channel {
  /** Hears what has been said, and what is said until `rest`. */
  read(): void;
  /** Nobody waits: what comes stays where it is, and the child waits too. */
  rest(): void;
  /** Fills `target` with samples; false when the end comes before. */
  take(target: Uint8Array): Promise<boolean>;
  /** Whether samples have come that nobody has asked for. */
  unasked(): boolean;
  close(): void;
}

/** Hears what a child says. */
export interface Listener {
  onText(text: string): void;
  /** There is no more. */
  onEnd(): void;
}

/** The ordinary streams of a child. */
export class StreamChannel implements Channel {
  readonly #bytes: StreamBytes;

  constructor({ stdout, stderr }: Child, listener: Listener) {
    this.#bytes = new StreamBytes(stdout!);
    stderr!.setEncoding("utf8").on("data", (text: string) => listener.onText(text));
    stderr!.once("close", () => listener.onEnd());
  }

  read(): void {}
  rest(): void {}

  take(target: Uint8Array): Promise<boolean> {
    return this.#bytes.take(target);
  }

  unasked(): boolean {
    return this.#bytes.unasked;
  }

  close(): void {
    this.#bytes.end();
  }
}

const textBytes = 2 ** 16;

/**
 * The outputs of a child, read by a thread of the core: it fills a frame while the child writes it. Read here, piece by piece,
 * a frame of 720p took more processor time than hashing it does.
 */
export class OutputChannel implements Channel {
  /** For the child. */
  readonly ends: Outputs;
  readonly #outputs: OutputsHandle;
  readonly #listener: Listener;
  readonly #decoder = new StringDecoder("utf8");
  readonly #text = Buffer.allocUnsafeSlow(textBytes);
  #settle: ((full: boolean) => void) | undefined;
  #listening = false;
  /** All has been said. */
  #told = false;
  #closed = false;

  private constructor(listener: Listener, outputs: OutputsHandle, ends: Outputs) {
    this.#listener = listener;
    this.#outputs = outputs;
    this.ends = ends;
  }

  /** `undefined` where there is no such thing (it is Linux's), or no more of them. Its `ends` are for a child at once. */
  static open(listener: Listener): OutputChannel | undefined {
    let channel: OutputChannel | undefined;
    const opened = native.openOutputs(() => {
      if (channel !== undefined) channel.#news();
    });
    if (opened !== undefined) {
      const { outputs, output, errors } = opened;
      const close = (): void => native.closeChildEnds(outputs);
      channel = new OutputChannel(listener, outputs, { output, errors, close });
    }
    return channel;
  }

  read(): void {
    if (this.#closed) return;
    this.#listen(true);
    this.#hear();
  }

  rest(): void {
    if (!this.#closed) this.#listen(false);
  }

  take(target: Uint8Array): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    // A child that cannot say something does not go on.
    this.#listen(true);
    native.fillOutputs(this.#outputs, target);
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#news();
    });
  }

  unasked(): boolean {
    return !this.#closed && this.#settle === undefined && native.hasUnrequestedData(this.#outputs);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    native.closeOutputs(this.#outputs);
    this.#done(false);
  }

  #listen(listening: boolean): void {
    if (listening !== this.#listening) native.notifyOnStderr(this.#outputs, listening);
    this.#listening = listening;
  }

  #done(full: boolean): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(full);
  }

  #news(): void {
    if (this.#closed) return;
    if (this.#listening) this.#hear();
    // Whoever hears may have closed it.
    if (this.#closed || this.#settle === undefined) return;
    const filled = native.readStatus(this.#outputs);
    if (filled !== 0) this.#done(filled > 0);
  }

  #hear(): void {
    while (!this.#told && !this.#closed) {
      const count = native.readStderr(this.#outputs, this.#text);
      if (count > 0) {
        this.#listener.onText(this.#decoder.write(this.#text.subarray(0, count)));
      } else if (count === 0) {
        return;
      } else {
        this.#told = true;
        this.#listener.onEnd();
      }
    }
  }
}
