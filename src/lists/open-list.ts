import { integer, invalidArgument, oneOf, checkOptions, checkSignal } from "../check.js";
import { ListError } from "../errors.js";
import { checkColumns, type ColumnMap, ColumnsReader } from "./formats/columns.js";
import type { EntryFault, ListItem, ListPage } from "./entry.js";
import { NcmecReader } from "./formats/ncmec.js";
import { PlainReader } from "./formats/plain.js";
import { type Feeder, Sink } from "./sink.js";
import { headBytes, headText, type ListFormat, listFormats, sniffList, vicsHead } from "./sniff-list.js";
import { checkSource, type ListSource, readChunks, sourceName } from "./source.js";
import { StopNciiReader } from "./formats/stopncii.js";
import { TechAgainstTerrorismReader } from "./formats/tech-against-terrorism.js";
import { SignalCsvReader, SignalLinesReader } from "./formats/threat-exchange-text.js";
import { ThreatExchangeReader } from "./formats/threat-exchange.js";
import { VicsReader } from "./formats/vics.js";
import { VpdqReader } from "./formats/vpdq.js";

export interface OpenListOptions {
  /** Default: told by the content. */
  format?: ListFormat;
  /** Of a list that is any CSV: which column has what. */
  columns?: ColumnMap;
  /** How problems name the list. Default: its path, or "stream". */
  name?: string;
  /** Of VICS, whose categories these are, where the file does not say: "us", "uk", "ca", … */
  nation?: string;
  /**
   * Signals that cannot be searched for (PhotoDNA, TMK, …). `"report"` (default): an entry with nothing else is a problem.
   * `"keep"`: they are given as `others`, for another list.
   */
  others?: "report" | "keep";
  /** Most bytes of one entry, 1,024 … 2³⁰. Default 16,777,216 (16 MiB). */
  maxEntryBytes?: number;
  /** Called for each thing that could not be read; the rest goes on. */
  onProblem?: (fault: EntryFault) => void;
  /** Ends the reading, with the signal's reason. */
  signal?: AbortSignal;
}

const optionNames = ["format", "columns", "name", "nation", "others", "maxEntryBytes", "onProblem", "signal"] as const;

/** At a time to a reader; between two pieces others have their turn. */
const feedBytes = 1 << 18;

/** A list that is being read, once, from beginning to end. */
export class EntryList implements AsyncIterable<ListItem> {
  readonly name: string;
  readonly format: ListFormat;
  /** Of VICS: whose categories these are, where that is known. */
  readonly nation: string | undefined;
  readonly #sink: Sink;
  readonly #feeder: Feeder;
  readonly #head: readonly Uint8Array[];
  readonly #rest: AsyncGenerator<Uint8Array, void, undefined>;
  #begun = false;

  constructor(
    format: ListFormat,
    sink: Sink,
    feeder: Feeder,
    head: readonly Uint8Array[],
    rest: AsyncGenerator<Uint8Array, void, undefined>,
  ) {
    this.name = sink.name;
    this.format = format;
    this.nation = feeder instanceof VicsReader ? feeder.nation : undefined;
    this.#sink = sink;
    this.#feeder = feeder;
    this.#head = head;
    this.#rest = rest;
  }

  /** What the page says of itself, as far as it was read; all of it once the entries have ended. */
  get page(): Readonly<ListPage> {
    return { ...this.#sink.page };
  }

  /** How many problems were reported so far. */
  get problems(): number {
    return this.#sink.problems;
  }

  /**
   * The entries, in the order of the list.
   * @throws {ListError} `ERR_EMPREINTE_LIST` when it cannot be read on (cut off, not its format, an entity bomb), after all
   * entries before that place; `ERR_EMPREINTE_READ` when the file or stream cannot be read; the signal's reason.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ListItem, void, undefined> {
    for await (const batch of this.batches()) yield* batch;
  }

  /** The same in arrays, as they are read: for a million entries it saves a million waits. */
  async *batches(): AsyncGenerator<ListItem[], void, undefined> {
    if (this.#begun) throw this.#sink.fatal({ entry: 0 }, "it was read already");
    this.#begun = true;
    const sink = this.#sink;
    try {
      for (const piece of this.#head) yield* this.#feed(piece);
      for await (const chunk of this.#rest) yield* this.#feed(chunk);
      let wrong: unknown;
      try {
        this.#feeder.end();
      } catch (error) {
        wrong = error;
      }
      if (sink.waiting > 0) yield sink.take();
      if (wrong !== undefined) throw wrong;
    } finally {
      await this.close();
    }
  }

  /** Closes a list that is not read to its end. */
  async close(): Promise<void> {
    this.#begun = true;
    await this.#rest.return();
  }

  *#feed(bytes: Uint8Array): Generator<ListItem[], void, undefined> {
    const sink = this.#sink;
    for (let at = 0; at < bytes.length; at += feedBytes) {
      let wrong: unknown;
      try {
        this.#feeder.write(bytes.subarray(at, at + feedBytes));
      } catch (error) {
        wrong = error;
      }
      // What stands before the place that cannot be read is given first.
      if (sink.waiting > 0) yield sink.take();
      if (wrong !== undefined) throw wrong;
    }
  }
}

/** The first bytes, and what comes after them. */
async function headOf(chunks: AsyncGenerator<Uint8Array, void, undefined>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < headBytes) {
    const { done, value } = await chunks.next();
    if (done) break;
    // A piece is good until the next is asked for.
    pieces.push(Uint8Array.from(value));
    length += value.length;
  }
  return pieces;
}

function feederOf(format: ListFormat, sink: Sink, head: string, options: Checked): Feeder {
  const { maxEntryBytes } = options;
  switch (format) {
    case "plain":
      return new PlainReader(sink);
    case "signals":
      return new SignalLinesReader(sink, maxEntryBytes);
    case "signal-csv":
      return new SignalCsvReader(sink, maxEntryBytes);
    case "stopncii":
      return new StopNciiReader(sink, maxEntryBytes, head.startsWith("["));
    case "ncmec":
      return new NcmecReader(sink, maxEntryBytes);
    case "vics-1.3":
      return new VicsReader(sink, maxEntryBytes, vicsHead(head, "1.3", options.nation));
    case "vics-2.0":
      return new VicsReader(sink, maxEntryBytes, vicsHead(head, "2.0", options.nation));
    case "threatexchange":
      return new ThreatExchangeReader(sink, maxEntryBytes);
    case "tech-against-terrorism":
      return new TechAgainstTerrorismReader(sink, maxEntryBytes);
    case "csv":
      return new ColumnsReader(sink, maxEntryBytes, options.columns!, head);
    default:
      return new VpdqReader(sink, maxEntryBytes, format);
  }
}

/** Options that were checked. */
interface Checked {
  format: ListFormat | undefined;
  columns: ReturnType<typeof checkColumns> | undefined;
  nation: string | undefined;
  maxEntryBytes: number;
}

function check(given: Partial<OpenListOptions>): Checked {
  const { columns, nation, maxEntryBytes = defaultListOptions.maxEntryBytes } = given;
  let format = given.format === undefined ? undefined : oneOf("format", given.format, listFormats);
  if (columns !== undefined && format === undefined) format = "csv";
  if (format === "csv" && columns === undefined) throw invalidArgument("columns", "map of columns", columns);
  if (columns !== undefined && format !== "csv") throw invalidArgument("format", '"csv" beside columns', format);
  if (nation !== undefined && !/^[a-z]{2,16}$/i.test(nation))
    throw invalidArgument("nation", "letters, as in us,", nation);
  return {
    format,
    columns: columns && checkColumns(columns),
    nation: nation?.toLowerCase(),
    maxEntryBytes: integer("maxEntryBytes", maxEntryBytes, 1024, 2 ** 30),
  };
}

/** As `openList` does without options. */
export const defaultListOptions: Checked = {
  format: undefined,
  columns: undefined,
  nation: undefined,
  maxEntryBytes: 2 ** 24,
};

/**
 * Opens a list of known content in any format that `ListFormat` names, told by its content, and gives its entries one by
 * one in one shape, which a bank's `import` takes. Memory does not grow with the list.
 *
 * @throws {InvalidArgumentError} for an option that does not fit.
 * @throws {ListError} `ERR_EMPREINTE_LIST`: the format cannot be told; while reading: see `EntryList`.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ`; the signal's reason.
 *
 * @example
 * const list = await openList("ncmec.xml", { onProblem: console.warn });
 * for await (const { entry, position } of list) console.log(position.line, entry.id, entry.signals.length);
 * console.log(list.page.next); // the link of the next page
 */
export async function openList(source: ListSource, options?: OpenListOptions): Promise<EntryList> {
  const given = checkOptions(options, optionNames) as OpenListOptions;
  const from = checkSource(source);
  const name = given.name ?? sourceName(from) ?? "stream";
  if (typeof name !== "string") throw invalidArgument("name", "string", name);
  const { onProblem, others = "report" } = given;
  if (onProblem !== undefined && typeof onProblem !== "function")
    throw invalidArgument("onProblem", "function", onProblem);
  oneOf("others", others, ["report", "keep"]);
  const checked = check(given);
  return entryList(await peekList(from, name, checkSignal(given.signal)), { ...checked, others, onProblem });
}

/** A list that is open, and its first bytes. */
export interface PeekedList {
  name: string;
  pieces: readonly Uint8Array[];
  rest: AsyncGenerator<Uint8Array, void, undefined>;
  /** By its content. */
  format: ListFormat | undefined;
}

/** Opens a list and looks at its beginning. */
export async function peekList(source: ListSource, name: string, signal: AbortSignal | undefined): Promise<PeekedList> {
  const rest = readChunks(source, name, signal);
  try {
    const pieces = await headOf(rest);
    return { name, pieces, rest, format: sniffList(Buffer.concat(pieces)) };
  } catch (error) {
    await rest.return();
    throw error;
  }
}

/** The entries of a list that is open. Closes it where it cannot be read. */
export async function entryList(
  { name, pieces, rest, format: told }: PeekedList,
  options: Checked & { others: "report" | "keep"; onProblem: ((fault: EntryFault) => void) | undefined },
): Promise<EntryList> {
  const head = Buffer.concat(pieces);
  const beginning = (reason: string): ListError => new ListError(name, "its beginning", reason);
  try {
    if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff))
      throw beginning("it is UTF-16; save it as UTF-8");
    const format = options.format ?? told;
    if (format === undefined) {
      if (head.length === 0) throw beginning("it is empty");
      throw beginning("its format is none that is known; a CSV needs the option columns");
    }
    const sink = new Sink({ name, others: options.others, onProblem: options.onProblem });
    return new EntryList(format, sink, feederOf(format, sink, headText(head), options), pieces, rest);
  } catch (error) {
    await rest.return();
    throw error;
  }
}
