import { EmpreinteError, ListError } from "../errors.js";
import {
  type EntryFault,
  type ListedEntry,
  type ListedSignal,
  type ListedType,
  type ListItem,
  type ListLabel,
  type ListPage,
  type ListPosition,
  placeOf,
} from "./entry.js";
import { expectedValue, shownName, signalValue, timeOf } from "./values.js";

export interface SinkOptions {
  name: string;
  others: "report" | "keep";
  onProblem: ((fault: EntryFault) => void) | undefined;
}

/** Reads bytes as they come and gives what it reads to its sink. */
export interface Feeder {
  write(bytes: Uint8Array): void;
  /** @throws {ListError} when the list ends in the middle of something. */
  end(): void;
}

const mostLabel = 128;
const mostCase = 1024;
const isPart = (text: string): boolean => text !== "" && text.length <= mostLabel && !/[\u0000-\u001f]/.test(text); // oxlint-disable-line no-control-regex
const isLabel = ({ scheme, code }: ListLabel): boolean => isPart(scheme) && isPart(code) && !scheme.includes(":");
const isCase = (text: string): boolean => text !== "" && text.length <= mostCase && !text.includes("\0");

/** Where a reader puts entries and problems. */
export class Sink {
  readonly page: ListPage = {};
  /** So many entries were begun. */
  count = 0;
  problems = 0;
  #items: ListItem[] = [];
  readonly #options: SinkOptions;

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** What was read since it was last asked. */
  take(): ListItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  get waiting(): number {
    return this.#items.length;
  }

  /** Takes an entry, or passes it over where nothing of it can be searched for. */
  give(entry: ListedEntry, position: ListPosition): void {
    this.#checkNames(entry, position);
    const { others } = entry;
    const keep = this.#options.others === "keep";
    if (entry.signals.length === 0 && !(entry.status === "withdrawn" && entry.id !== undefined) && !(keep && others)) {
      const types = [...new Set(others?.map(({ type }) => shownName(type)))].slice(0, 8).join(", ");
      const what = entry.status === "withdrawn" ? "a withdrawal with neither an id nor" : "without";
      this.problem(position, `${what} a signal that can be searched for${types && ` (it has ${types})`}`);
      return;
    }
    if (!keep) delete entry.others;
    if (entry.time !== undefined && entry.time > (this.page.lastTime ?? -1)) this.page.lastTime = entry.time;
    this.#items.push({ entry, position });
  }

  /** A label or case that no bank would take must not cost the entry. */
  #checkNames(entry: ListedEntry, position: ListPosition): void {
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

  /** An entry that is passed over; position 0 is the list as a whole. */
  problem(position: ListPosition, reason: string, field?: string): void {
    this.#report(position, reason, field, true);
  }

  /** Something of an entry that is passed over; the entry stays. */
  flaw(position: ListPosition, reason: string, field: string): void {
    this.#report(position, reason, field, false);
  }

  #report(position: ListPosition, reason: string, field: string | undefined, passedOver: boolean): void {
    this.problems++;
    this.#options.onProblem?.({
      list: this.name,
      ...position,
      ...(field !== undefined && { field }),
      passedOver,
      reason,
    });
  }

  /** The list cannot be read on. */
  fatal(position: ListPosition, reason: string): ListError {
    return new ListError(this.name, placeOf(position), reason);
  }

  /** The signal of that value. A value that is none is a flaw of the entry, or with `passOver` a problem: all it had. */
  signal(
    type: ListedType,
    value: unknown,
    position: ListPosition,
    field: string,
    passOver = false,
  ): ListedSignal | undefined {
    const hex = signalValue(type, value);
    if (hex !== undefined) return { type, value: hex };
    const got = typeof value === "string" ? `${value.trim().length} characters` : typeof value;
    const reason = `Expected ${expectedValue[type]} but received ${got}, or characters that are none`;
    this.#report(position, reason, field, passOver);
    return undefined;
  }

  /** The time in milliseconds; what is none is a flaw of the entry. */
  time(value: unknown, position: ListPosition, field: string, read: typeof timeOf = timeOf): number | undefined {
    const time = read(value);
    if (time === undefined) this.flaw(position, "Expected a time", field);
    return time ?? undefined;
  }
}

/** What was thrown while a reader read, told by its own errors. */
export const isOurs = (error: unknown): error is EmpreinteError => error instanceof EmpreinteError;
