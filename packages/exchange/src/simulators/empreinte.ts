import { createHash } from "node:crypto";
import { type SimulatedAnswer, type SimulatedRequest, Simulator, type SimulatorOptions } from "./simulator.js";

export interface EmpreinteSimulatorOptions extends SimulatorOptions {
  key: string;
  bank: string;
  /** The most entries of a page, whatever a request wants. Default 1000. */
  pageSize?: number;
}

interface Entry {
  value: string;
  status: "active" | "quarantined" | "withdrawn";
}

/** The feed of an empreinte server. Each change of an entry is a revision. */
export class EmpreinteSimulator extends Simulator {
  /** The entries by their numbers. */
  readonly entries: Map<number, Entry> = new Map();
  readonly #options: EmpreinteSimulatorOptions;
  /** The entry that each revision changed, and when: seconds since 1970. */
  #changes: { entryNumber: number; time: number }[] = [];
  #history = "first";

  constructor(options: EmpreinteSimulatorOptions) {
    super(options);
    this.#options = options;
  }

  /** Adds or changes an entry, now. */
  put(entryNumber: number, entry: Partial<Entry>): void {
    const there = this.entries.get(entryNumber);
    this.entries.set(entryNumber, { value: "", status: "active", ...there, ...entry });
    this.#changes.push({ entryNumber, time: this.now() });
  }

  /** Makes it a server that was restored from a backup which had these entries alone. */
  restore(entries: Iterable<readonly [number, Entry]>, name: string): void {
    this.#history = name;
    this.#changes = [];
    this.entries.clear();
    for (const [entryNumber, entry] of entries) this.put(entryNumber, entry);
  }

  protected respond({ path, query, headers }: SimulatedRequest): SimulatedAnswer {
    const { key, bank, pageSize = 1000 } = this.#options;
    if (headers.authorization !== `Bearer ${key}`) return { status: 401 };
    if (path !== `/v1/banks/${bank}/feed`) return { status: 404 };
    const limit = Math.min(pageSize, Number(query.get("limit") ?? 1000));
    const given = query.get("position");
    const [kind = "", ...numbers] = given?.split(".") ?? ["entries", String(this.#changes.length), "0"];
    const [revision = 0, offset = 0] = numbers.map(Number);
    if (given !== null && given !== this.#position(kind, revision, offset)) return { status: 409 };
    const page = kind === "entries" ? this.#list(revision, offset, limit) : this.#changed(revision, limit);
    return { status: 200, body: JSON.stringify({ bank, ...page }) };
  }

  #list(revision: number, offset: number, limit: number): object {
    const after = [...this.entries.keys()].filter((number) => number > offset).sort((a, b) => a - b);
    const some = after.slice(0, limit);
    const ended = some.length === after.length;
    const time = this.#changes[revision - 1]?.time ?? 0;
    const entries = some.filter((number) => this.entries.get(number)!.status !== "withdrawn");
    return {
      entries: entries.map((number) => this.#shown(number, time)),
      position: ended ? this.#position("changes", revision, 0) : this.#position("entries", revision, some.at(-1)!),
      more: !ended || this.#changes.length > revision,
    };
  }

  #changed(revision: number, limit: number): object {
    const some = this.#changes.slice(revision, revision + limit);
    const reached = revision + some.length;
    const times = new Map(some.map(({ entryNumber, time }) => [entryNumber, time]));
    return {
      entries: Array.from(times, ([entryNumber, time]) => this.#shown(entryNumber, time)),
      position: this.#position("changes", reached, 0),
      more: reached < this.#changes.length,
    };
  }

  #shown(entryNumber: number, seconds: number): object {
    const { value, status } = this.entries.get(entryNumber)!;
    const time = new Date(1000 * seconds).toISOString();
    const signals = status === "withdrawn" ? {} : { signals: [{ type: "pdq", value, quality: 80 }] };
    return { entryNumber, status, ...signals, time };
  }

  #position(kind: string, revision: number, offset: number): string {
    const text = `${this.#history} ${revision}`;
    return `${kind}.${revision}.${offset}.${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
  }
}
