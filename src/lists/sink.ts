import { EmpreinteError, ListError } from "../errors.js";
import {
  type Label,
  type ListEntry,
  type ListPage,
  type ListPosition,
  type ListProblem,
  type ListProblemCode,
  placeOf,
  type Signal,
  type SignalType,
} from "./entry.js";
import { expectedValue, shownName, signalValue, timeOf } from "./values.js";

export interface SinkOptions {
  /** The name of the list. */
  name: string;
  /** Whether signals that cannot be searched for are reported or kept. See `OpenListOptions`. */
  others: "report" | "keep";
  onProblem: ((problem: ListProblem) => void) | undefined;
}

const mostLabel = 128;
const mostCase = 1024;
const isLabelText = (text: string): boolean => text !== "" && text.length <= mostLabel && !/[\u0000-\u001f]/.test(text); // oxlint-disable-line no-control-regex
const isLabel = ({ scheme, code }: Label): boolean => isLabelText(scheme) && isLabelText(code) && !scheme.includes(":");
const isCase = (text: string): boolean => text !== "" && text.length <= mostCase && !text.includes("\0");

/** Where a reader puts entries and problems. */
export class Sink {
  /** The data of the page itself: next link, import cursor, newest time. A reader sets it. */
  readonly page: ListPage = {};
  /** How many entries the reader has begun. The reader counts: `{ entry: ++sink.count, line }`. */
  count = 0;
  /** How many problems were reported. */
  problems = 0;
  #entries: ListEntry[] = [];
  readonly #options: SinkOptions;

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  /** The name of the list. */
  get name(): string {
    return this.#options.name;
  }

  /** Returns the entries that were added since the last call. */
  take(): ListEntry[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }

  /** How many entries wait to be taken. */
  get waiting(): number {
    return this.#entries.length;
  }

  /** Adds an entry, or skips it with a problem if nothing of it can be searched for. */
  add(entry: ListEntry, position: ListPosition): void {
    this.#checkNames(entry, position);
    const { others } = entry;
    const keep = this.#options.others === "keep";
    if (entry.signals.length === 0 && !(entry.status === "withdrawn" && entry.id !== undefined) && !(keep && others)) {
      const types = [...new Set(others?.map(({ type }) => shownName(type)))].slice(0, 8).join(", ");
      const what = entry.status === "withdrawn" ? "a withdrawal with neither an id nor" : "without";
      const reason = `${what} a signal that can be searched for${types && ` (it has ${types})`}`;
      this.skip(position, "other-signal", reason);
      return;
    }
    if (!keep) delete entry.others;
    if (entry.time !== undefined && entry.time > (this.page.lastTime ?? -1)) this.page.lastTime = entry.time;
    entry.position = position;
    this.#entries.push(entry);
  }

  /** A label or case that no bank takes must not cost the entry. */
  #checkNames(entry: ListEntry, position: ListPosition): void {
    const { labels, cases } = entry;
    if (!labels.every(isLabel)) {
      this.flaw(position, `a label of more than ${mostLabel} characters, or with a control character`, "labels");
      entry.labels = labels.filter(isLabel);
    }
    if (!cases.every(isCase)) {
      this.flaw(position, `a case number of more than ${mostCase} characters, or none`, "cases");
      entry.cases = cases.filter(isCase);
    }
  }

  /** Reports an entry that is skipped. Position 0 is the list as a whole. */
  skip(position: ListPosition, code: ListProblemCode, reason: string, field?: string): void {
    this.#report(position, { code, reason, field, skipped: true });
  }

  /** Reports a field that is left out. Its entry stays. */
  flaw(position: ListPosition, reason: string, field: string, code: ListProblemCode = "bad-field"): void {
    this.#report(position, { code, reason, field, skipped: false });
  }

  #report(
    { entry, line, byte }: ListPosition,
    { code, reason, field, skipped }: Pick<ListProblem, "code" | "reason" | "skipped"> & { field: string | undefined },
  ): void {
    this.problems++;
    this.#options.onProblem?.({
      list: this.name,
      ...(entry > 0 && { entry }),
      ...(line !== undefined && { line }),
      ...(byte !== undefined && { byte }),
      ...(field !== undefined && { field }),
      skipped,
      code,
      reason,
    });
  }

  /** Makes the error for a list that cannot be read on; the reader throws it. */
  fatal(position: ListPosition, reason: string): ListError {
    return new ListError(this.name, placeOf(position), reason);
  }

  /**
   * Makes the signal of a value. A value that is not of its type is reported, and undefined is returned.
   *
   * @param skipped whether the entry is skipped without this signal.
   */
  signal(type: SignalType, value: unknown, position: ListPosition, field: string, skipped = false): Signal | undefined {
    const hex = signalValue(type, value);
    if (hex !== undefined) return { type, value: hex };
    const got = typeof value === "string" ? `${value.trim().length} characters` : typeof value;
    const reason = `Expected ${expectedValue[type]} but received ${got}, or characters that are not hex digits`;
    this.#report(position, { code: "bad-hash", reason, field, skipped });
    return undefined;
  }

  /** Returns the time in milliseconds since 1970. A value that is not a time is reported; the entry stays. */
  time(value: unknown, position: ListPosition, field: string, read: typeof timeOf = timeOf): number | undefined {
    const time = read(value);
    if (time === undefined) this.flaw(position, "Expected a time", field);
    return time ?? undefined;
  }
}

/** True for an error that a reader threw itself, as opposed to one of its parser. */
export const isOurs = (error: unknown): error is EmpreinteError => error instanceof EmpreinteError;
