import { closeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { PipeHandle } from "../native/binding.js";
import { native } from "../native/load.js";
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
  /** Whether samples have come that nobody has asked for. They need not be there afterwards. */
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

/** More than a frame of 720p, and the most that a pipe may hold unless the system is told otherwise. */
const outputBytes = 2 ** 20;
const errorBytes = 2 ** 16;
/** After a piece of this size there is soon more: the writer goes on while we read. */
const muchBytes = 2 ** 18;
const leastNap = 1;
const mostNap = 8;
/** Pieces of text that are read before anything else has its turn. */
const mostTexts = 16;

/**
 * Two pipes that are looked into now and then, instead of whenever something is written: a frame of 720p comes in 29 pieces
 * and what is said of it in nine. Being woken for each took more processor time than hashing the frame.
 */
export class PipeChannel implements Channel {
  /** For the child. */
  readonly outputs: Outputs;
  readonly #output: PipeHandle;
  readonly #errors: PipeHandle;
  readonly #listener: Listener;
  readonly #decoder = new StringDecoder("utf8");
  readonly #text = Buffer.allocUnsafeSlow(errorBytes);
  readonly #spare = new Uint8Array(1);
  #target: Uint8Array | undefined;
  #filled = 0;
  #settle: ((full: boolean) => void) | undefined;
  /** All has been said. */
  #told = false;
  #closed = false;
  #listening = false;
  #nap = leastNap;
  /** Runs out by itself: it is not taken back and set anew for every frame. */
  #timer: NodeJS.Timeout | undefined;

  private constructor(listener: Listener, output: PipeHandle, errors: PipeHandle, outputs: Outputs) {
    this.#listener = listener;
    this.#output = output;
    this.#errors = errors;
    this.outputs = outputs;
  }

  /** `undefined` where there is no such thing (it is Linux's), or no more of them. Its `outputs` are for a child at once. */
  static open(listener: Listener): PipeChannel | undefined {
    const output = native.openPipe(outputBytes);
    if (output === undefined) return undefined;
    const errors = native.openPipe(errorBytes);
    if (errors !== undefined) {
      const outputs = { output: output.writer, errors: errors.writer };
      return new PipeChannel(listener, output.reader, errors.reader, outputs);
    }
    native.closePipe(output.reader);
    closeSync(output.writer);
    return undefined;
  }

  read(): void {
    if (!this.#closed) this.#look();
  }

  rest(): void {
    this.#listening = false;
  }

  take(target: Uint8Array): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#target = target;
      this.#filled = 0;
      this.#settle = resolve;
      this.#look();
    });
  }

  unasked(): boolean {
    return !this.#closed && this.#target === undefined && native.readPipe(this.#output, this.#spare) > 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    native.closePipe(this.#output);
    native.closePipe(this.#errors);
    this.#done(false);
  }

  #done(full: boolean): void {
    this.#target = undefined;
    this.#settle?.(full);
    this.#settle = undefined;
  }

  #look(): void {
    this.#listening = true;
    // Also while samples are waited for: a child that cannot say something does not go on.
    const heard = this.#hear();
    const count = this.#fill();
    if (this.#closed || (this.#told && this.#target === undefined)) return;
    this.#nap = heard || count > 0 ? leastNap : Math.min(2 * this.#nap, mostNap);
    if (this.#target !== undefined && count >= muchBytes) setImmediate(() => this.#again());
    else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#again();
      }, this.#nap);
    }
  }

  #again(): void {
    if (this.#listening && !this.#closed) this.#look();
  }

  /** Whether anything was said. */
  #hear(): boolean {
    let heard = false;
    for (let i = 0; i < mostTexts && !this.#told && !this.#closed; i++) {
      const count = native.readPipe(this.#errors, this.#text);
      if (count === 0) break;
      heard = true;
      if (count > 0) {
        this.#listener.onText(this.#decoder.write(this.#text.subarray(0, count)));
      } else {
        this.#told = true;
        this.#listener.onEnd();
      }
    }
    return heard;
  }

  /** How many bytes came. */
  #fill(): number {
    if (this.#target === undefined) return 0;
    const count = native.readPipe(this.#output, this.#target.subarray(this.#filled));
    if (count > 0) this.#filled += count;
    if (count < 0) this.#done(false);
    else if (this.#filled === this.#target.length) this.#done(true);
    return count;
  }
}
