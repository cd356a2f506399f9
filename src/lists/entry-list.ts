import type { ListEntry, ListPage } from "./entry.js";
import type { FormatReader } from "./format.js";
import type { ListFormat } from "./formats/index.js";
import type { Sink } from "./sink.js";

/** How many bytes a reader gets at a time. Between two chunks other work has its turn. */
const feedBytes = 1 << 18;

/** What `openList` knows of a list when it has read its head. */
export interface OpenedList {
  format: ListFormat;
  sink: Sink;
  reader: FormatReader;
  /** The bytes that are already read. */
  head: readonly Uint8Array[];
  /** The bytes after them. */
  rest: AsyncGenerator<Uint8Array, void, undefined>;
}

let make: (opened: OpenedList) => EntryList;

/** Makes an open list of what was read so far. */
export const makeEntryList = (opened: OpenedList): EntryList => make(opened);

/** A list that is open. `openList` makes it. It is read once, from its beginning to its end. */
export class EntryList implements AsyncIterable<ListEntry> {
  /** What problems and errors call the list. */
  readonly name: string;
  /** The format that it is read in. */
  readonly format: ListFormat;
  /** Whose categories a VICS file has, where that is known: "us", "uk", … */
  readonly nation: string | undefined;
  readonly #sink: Sink;
  readonly #reader: FormatReader;
  readonly #head: readonly Uint8Array[];
  readonly #rest: AsyncGenerator<Uint8Array, void, undefined>;
  #begun = false;

  static {
    make = (opened): EntryList => new EntryList(opened);
  }

  private constructor({ format, sink, reader, head, rest }: OpenedList) {
    this.name = sink.name;
    this.format = format;
    this.nation = reader.nation;
    this.#sink = sink;
    this.#reader = reader;
    this.#head = head;
    this.#rest = rest;
  }

  /** What the list says of itself, as far as it was read. It is complete when the entries have ended. */
  get page(): Readonly<ListPage> {
    return { ...this.#sink.page };
  }

  /** How many problems were reported so far. */
  get problems(): number {
    return this.#sink.problems;
  }

  /**
   * Gives the entries in the order of the list.
   *
   * @throws {ListError} `ERR_EMPREINTE_LIST` if the list cannot be read on: it is cut off, does not have its format, or
   * has an entity bomb. The entries before that place are given first.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ` if the file or stream cannot be read; or the signal's reason.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ListEntry, void, undefined> {
    for await (const batch of this.batches()) yield* batch;
  }

  /**
   * Gives the entries in arrays, as they are read. For a million entries that saves a million waits. Throws the same.
   */
  async *batches(): AsyncGenerator<ListEntry[], void, undefined> {
    if (this.#begun) throw this.#sink.fatal({ entry: 0 }, "it was read already");
    this.#begun = true;
    const sink = this.#sink;
    try {
      for (const chunk of this.#head) yield* this.#feed(chunk);
      for await (const chunk of this.#rest) yield* this.#feed(chunk);
      let failure: unknown;
      try {
        this.#reader.end();
      } catch (error) {
        failure = error;
      }
      if (sink.waiting > 0) yield sink.take();
      if (failure !== undefined) throw failure;
    } finally {
      await this.close();
    }
  }

  /** Closes a list that is not read to its end. */
  async close(): Promise<void> {
    this.#begun = true;
    await this.#rest.return();
  }

  *#feed(bytes: Uint8Array): Generator<ListEntry[], void, undefined> {
    const sink = this.#sink;
    for (let at = 0; at < bytes.length; at += feedBytes) {
      let failure: unknown;
      try {
        this.#reader.write(bytes.subarray(at, at + feedBytes));
      } catch (error) {
        failure = error;
      }
      // The entries before the place that cannot be read come first.
      if (sink.waiting > 0) yield sink.take();
      if (failure !== undefined) throw failure;
    }
  }
}
