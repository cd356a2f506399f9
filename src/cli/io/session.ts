import type { Readable, Writable } from "node:stream";
import { escapeControls } from "../../control-characters.js";
import { withoutHashes } from "../../without-hashes.js";

/** Exit statuses: clamscan's for what was found, sysexits.h's for usage, the shell's for Ctrl-C. */
export const status = { nothing: 0, found: 1, trouble: 2, usage: 64, interrupted: 130 } as const;

/** The three standard streams of a process, or what a test has in their place. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

const isTerminal = (stream: Writable): boolean => (stream as { isTTY?: boolean }).isTTY === true;

/** Returns true where a person looks on and wants colour (https://no-color.org). */
function colourful(stream: Writable): boolean {
  const { NO_COLOR, TERM } = process.env;
  return isTerminal(stream) && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}

function isClosedPipe(error: unknown): boolean {
  return ["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/**
 * The surroundings of a command. Results go to standard output and everything else to standard error. Ctrl-C and a
 * reader that went away both abort `signal`.
 */
export class Session {
  readonly #abort = new AbortController();
  readonly signal: AbortSignal = this.#abort.signal;
  /** Set by `interrupt`; the exit status is then 130. */
  interrupted = false;
  /** Clears the progress line, if there is one, before anything else is written to the terminal. */
  beforeWrite: () => void = () => {};
  /** Ends each record of results: a line break, or a zero byte with `--null`. */
  recordEnd = "\n";
  readonly #streams: Streams;
  #trouble: unknown;

  constructor(streams: Streams) {
    this.#streams = streams;
    streams.stdout.on("error", (error) => {
      // `empreinte … | head` is not a mistake: stop quietly. A full disk is one.
      if (!isClosedPipe(error)) this.#trouble ??= error;
      this.#abort.abort();
    });
    streams.stderr.on("error", () => {
      // Nobody reads the messages any more, and there is no other place for them; the results go on.
    });
  }

  get stdin(): Readable {
    return this.#streams.stdin;
  }

  /** True where a person reads the messages. */
  get terminal(): boolean {
    return isTerminal(this.#streams.stderr);
  }

  /** Ctrl-C: the command stops as soon as it can. */
  interrupt(): void {
    this.interrupted = true;
    this.#abort.abort();
  }

  /** Writes one record of results, and waits while the reader is slow. */
  async line(record: string | Buffer): Promise<void> {
    if (typeof record === "string") return this.write(record + this.recordEnd);
    await this.write(Buffer.concat([record, Buffer.from(this.recordEnd)]));
  }

  /** Writes results as they are, and waits while the reader is slow. */
  async write(text: string | Buffer): Promise<void> {
    if (this.signal.aborted) return;
    this.beforeWrite();
    await new Promise<void>((resolve) => {
      // The callback comes with the error too, and the listener above has dealt with it by then.
      this.#streams.stdout.write(text, () => resolve());
    });
  }

  /** Writes one line for the person at the terminal, without whole hashes and with control characters escaped. */
  note(text: string): void {
    this.beforeWrite();
    this.message(`${this.#painted("empreinte:", 31, this.#streams.stderr)} ${escapeControls(withoutHashes(text))}\n`);
  }

  /** Writes to standard error as it is. */
  message(text: string): void {
    this.#streams.stderr.write(text);
  }

  red(text: string): string {
    return this.#painted(text, 31, this.#streams.stdout);
  }

  green(text: string): string {
    return this.#painted(text, 32, this.#streams.stdout);
  }

  #painted(text: string, colour: number, stream: Writable): string {
    return colourful(stream) ? `\u001b[${colour}m${text}\u001b[39m` : text;
  }

  /**
   * Returns the exit status after `code`, when everything is written. Threads of work that was stopped may still run.
   */
  async end(code: number): Promise<number> {
    await new Promise<void>((resolve) => this.#streams.stdout.write("", () => resolve()));
    if (this.#trouble instanceof Error) this.note(`standard output: ${this.#trouble.message}`);
    if (this.interrupted) return status.interrupted;
    return this.#trouble === undefined ? code : status.trouble;
  }
}
