import type { Writable } from "node:stream";

/** Exit statuses: clamscan's for what was found, sysexits.h's for usage, the shell's for Ctrl-C. */
export const status = { nothing: 0, found: 1, trouble: 2, usage: 64, interrupted: 130 } as const;

/** True where a person looks on and wants colour (https://no-color.org). */
function colourful(stream: Writable): boolean {
  const { NO_COLOR, TERM } = process.env;
  return (
    (stream as { isTTY?: boolean }).isTTY === true && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb"
  );
}

function isClosedPipe(error: unknown): boolean {
  return ["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/**
 * What a command has around it: results go to standard output and everything else to standard error; Ctrl-C and a reader
 * that went away both abort `signal`.
 */
export class Session {
  readonly #abort = new AbortController();
  readonly signal: AbortSignal = this.#abort.signal;
  /** Set by Ctrl-C (or SIGTERM); the exit status is then 130. */
  interrupted = false;
  /** Clears the progress line, if there is one, before anything else is written to the terminal. */
  beforeWrite: () => void = () => {};
  #trouble: unknown;

  constructor() {
    process.stdout.on("error", (error) => {
      // `empreinte … | head` is not a mistake: stop quietly. A full disk is one.
      if (!isClosedPipe(error)) this.#trouble ??= error;
      this.#abort.abort();
    });
    process.stderr.on("error", () => {
      // Nobody reads the messages any more, and there is no other place for them; the results go on.
    });
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      process.on(name, () => {
        if (this.interrupted) process.exit(status.interrupted);
        this.interrupted = true;
        this.#abort.abort();
      });
    }
  }

  /** One whole line of results; waits while the reader is slow. */
  async line(text: string): Promise<void> {
    if (this.signal.aborted) return;
    this.beforeWrite();
    await new Promise<void>((resolve) => {
      // The callback comes with the error too, and the listener above has dealt with it by then.
      process.stdout.write(`${text}\n`, () => resolve());
    });
  }

  /** One line for the person at the terminal. */
  note(text: string): void {
    this.beforeWrite();
    process.stderr.write(`${this.red("empreinte:", process.stderr)} ${text}\n`);
  }

  red(text: string, stream: Writable = process.stdout): string {
    return colourful(stream) ? `\u001b[31m${text}\u001b[39m` : text;
  }

  green(text: string): string {
    return colourful(process.stdout) ? `\u001b[32m${text}\u001b[39m` : text;
  }

  /** Ends the process when everything is written. Work that was stopped may still hold threads: it is not waited for. */
  async exit(code: number): Promise<never> {
    await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
    if (this.#trouble instanceof Error) this.note(`standard output: ${this.#trouble.message}`);
    const written = this.#trouble === undefined ? code : status.trouble;
    process.exit(this.interrupted ? status.interrupted : written);
  }
}
