import { StringDecoder } from "node:string_decoder";
import type { OutputsHandle } from "../../native/binding/process.js";
import { native } from "../../native/load.js";
import type { Child, ChildEnds } from "../../processes/child-process.js";
import { StreamBytes } from "./stream-bytes.js";

/** What a child writes: samples on its standard output, text on its standard error. */
export interface ChildOutputs {
  /** Hands text to the listener until `pauseStderr`, beginning with what has already arrived. */
  resumeStderr(): void;
  /** Leaves text where it is. A child that writes more than fits waits. */
  pauseStderr(): void;
  /** Fills `target` with samples; false when the output ends before. */
  readInto(target: Uint8Array): Promise<boolean>;
  /** Whether samples have arrived that no `readInto` has requested. */
  hasUnrequestedData(): boolean;
  close(): void;
}

/** Receives the text that a child writes on standard error. */
export interface StderrListener {
  onText(text: string): void;
  /** Called once, when standard error has ended. */
  onEnd(): void;
}

/** Reads the ordinary streams of a child. */
export class StreamOutputs implements ChildOutputs {
  readonly #bytes: StreamBytes;

  constructor({ stdout, stderr }: Child, listener: StderrListener) {
    this.#bytes = new StreamBytes(stdout!);
    stderr!.setEncoding("utf8").on("data", (text: string) => listener.onText(text));
    stderr!.once("close", () => listener.onEnd());
  }

  resumeStderr(): void {}
  pauseStderr(): void {}

  readInto(target: Uint8Array): Promise<boolean> {
    return this.#bytes.readInto(target);
  }

  hasUnrequestedData(): boolean {
    return this.#bytes.hasUnrequestedData;
  }

  close(): void {
    this.#bytes.end();
  }
}

const textBytes = 2 ** 16;

/**
 * Reads a child on a thread of the core, which fills a frame while the child writes it. Reading a frame of 720p here,
 * piece by piece, took more processor time than hashing it does.
 */
export class NativeOutputs implements ChildOutputs {
  /** The descriptors for the child. */
  readonly childEnds: ChildEnds;
  readonly #outputs: OutputsHandle;
  readonly #listener: StderrListener;
  readonly #decoder = new StringDecoder("utf8");
  readonly #text = Buffer.allocUnsafeSlow(textBytes);
  #resolveFill: ((full: boolean) => void) | undefined;
  #listening = false;
  #stderrEnded = false;
  #closed = false;

  private constructor(listener: StderrListener, outputs: OutputsHandle, childEnds: ChildEnds) {
    this.#listener = listener;
    this.#outputs = outputs;
    this.childEnds = childEnds;
  }

  /**
   * Opens outputs for a child that is started at once. It returns undefined on systems other than Linux and when no
   * more descriptors can be opened.
   */
  static open(listener: StderrListener): NativeOutputs | undefined {
    let outputs: NativeOutputs | undefined;
    const opened = native.openOutputs(() => {
      if (outputs !== undefined) outputs.#onNews();
    });
    if (opened !== undefined) {
      const { outputs: handle, output, errors } = opened;
      const close = (): void => native.closeChildEnds(handle);
      outputs = new NativeOutputs(listener, handle, { output, errors, close });
    }
    return outputs;
  }

  resumeStderr(): void {
    if (this.#closed) return;
    this.#listen(true);
    this.#readStderr();
  }

  pauseStderr(): void {
    if (!this.#closed) this.#listen(false);
  }

  readInto(target: Uint8Array): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    // A child whose standard error is full writes no samples either.
    this.#listen(true);
    native.fillOutputs(this.#outputs, target);
    return new Promise((resolve) => {
      this.#resolveFill = resolve;
      this.#onNews();
    });
  }

  hasUnrequestedData(): boolean {
    return !this.#closed && this.#resolveFill === undefined && native.hasUnrequestedData(this.#outputs);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    native.closeOutputs(this.#outputs);
    this.#endFill(false);
  }

  #listen(listening: boolean): void {
    if (listening !== this.#listening) native.notifyOnStderr(this.#outputs, listening);
    this.#listening = listening;
  }

  #endFill(full: boolean): void {
    const resolve = this.#resolveFill;
    this.#resolveFill = undefined;
    resolve?.(full);
  }

  #onNews(): void {
    if (this.#closed) return;
    if (this.#listening) this.#readStderr();
    // The listener may have closed the outputs.
    if (this.#closed || this.#resolveFill === undefined) return;
    const status = native.readStatus(this.#outputs);
    if (status !== 0) this.#endFill(status > 0);
  }

  #readStderr(): void {
    while (!this.#stderrEnded && !this.#closed) {
      const count = native.readStderr(this.#outputs, this.#text);
      if (count > 0) {
        this.#listener.onText(this.#decoder.write(this.#text.subarray(0, count)));
      } else if (count === 0) {
        return;
      } else {
        this.#stderrEnded = true;
        this.#listener.onEnd();
      }
    }
  }
}
