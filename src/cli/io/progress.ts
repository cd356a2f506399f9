import type { Session } from "./session.js";

function duration(seconds: number): string {
  const s = Math.ceil(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** A line on the terminal, redrawn five times a second: how many files or entries, how fast, how long it will take. */
export class Progress {
  done = 0;
  /** How many there are, once the folders are counted. */
  total: number | undefined;
  /** How far the work on a long file is. */
  detail: string | undefined;
  readonly #start = performance.now();
  readonly #unit: string;
  readonly #session: Session;
  #timer: NodeJS.Timeout | undefined;

  /** Shows nothing when standard error is no terminal or `quiet`. */
  constructor(session: Session, quiet: boolean, unit = "files") {
    this.#unit = unit;
    this.#session = session;
    if (quiet || !session.terminal) return;
    this.#timer = setInterval(() => session.message(`\r\u001b[K${this.text()}`), 200);
    session.beforeWrite = () => session.message("\r\u001b[K");
  }

  get shown(): boolean {
    return this.#timer !== undefined;
  }

  text(): string {
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = this.done / seconds;
    const count = (n: number): string => n.toLocaleString("en");
    const amount =
      this.total === undefined
        ? `${count(this.done)} ${this.#unit}`
        : `${count(this.done)} of ${count(this.total)} ${this.#unit}`;
    const left = this.total === undefined || rate === 0 ? "" : `, ${duration((this.total - this.done) / rate)} left`;
    const detail = this.detail === undefined ? "" : `; ${this.detail}`;
    return `${amount}, ${rate.toFixed(rate < 10 ? 1 : 0)} a second${left}${detail}`;
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#session.message("\r\u001b[K");
  }
}
