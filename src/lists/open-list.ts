import { checkCallback, checkOptions, checkSignal, integer, invalidArgument, oneOf } from "../check.js";
import { ListError } from "../errors.js";
import { type CheckedColumns, checkColumns, type ColumnMap } from "./columns.js";
import { type EntryList, makeEntryList } from "./entry-list.js";
import type { ListProblem } from "./entry.js";
import { formats, type ListFormat, listFormats } from "./formats/index.js";
import { isHashOutput } from "./formats/lines.js";
import { Head, headBytes } from "./head.js";
import { Sink } from "./sink.js";
import { formatOf } from "./sniff-list.js";
import { checkListInput, type ListInput, readChunks, inputName } from "./input.js";

/** Options of `openList`. */
export interface OpenListOptions {
  /** The format. By default it is recognized by the content. */
  format?: ListFormat;
  /** Which column has what, for a list that is any CSV. */
  columns?: ColumnMap;
  /** What problems and errors call the list. By default its path, or "stream". */
  name?: string;
  /** Whose categories a VICS file has, where the file does not say: "us", "uk", "ca", … */
  nation?: string;
  /**
   * What becomes of signals that cannot be searched for (PhotoDNA, TMK, …). `"report"` (the default) reports an entry
   * that has no other signals as a problem. `"keep"` gives them as `others`, for writing another list.
   */
  others?: "report" | "keep";
  /** The most bytes of one entry, 1,024 … 2³⁰. Default 16,777,216 (16 MiB). */
  maxEntryBytes?: number;
  /** Called for each thing that could not be read. Reading continues with the rest. */
  onProblem?: (problem: ListProblem) => void;
  /** Ends the reading. The signal's reason is thrown. */
  signal?: AbortSignal;
}

/** The names of the options of `openList`. */
export const openListNames = [
  "format",
  "columns",
  "name",
  "nation",
  "others",
  "maxEntryBytes",
  "onProblem",
  "signal",
] as const;

/** The options after they were checked. */
interface CheckedOptions {
  format: ListFormat | undefined;
  columns: CheckedColumns | undefined;
  nation: string | undefined;
  maxEntryBytes: number;
}

/** The options of a call without options. */
export const defaultListOptions: CheckedOptions = {
  format: undefined,
  columns: undefined,
  nation: undefined,
  maxEntryBytes: 2 ** 24,
};

function check(options: OpenListOptions): CheckedOptions {
  const { columns, nation, maxEntryBytes = defaultListOptions.maxEntryBytes } = options;
  let format = options.format === undefined ? undefined : oneOf("format", options.format, listFormats);
  if (columns !== undefined && format === undefined) format = "csv";
  if (format === "csv" && columns === undefined) throw invalidArgument("columns", "map of columns", columns);
  if (columns !== undefined && format !== "csv") throw invalidArgument("format", '"csv" beside columns', format);
  return {
    format,
    columns: columns === undefined ? undefined : checkColumns(columns),
    nation: checkNation(nation),
    maxEntryBytes: integer("maxEntryBytes", maxEntryBytes, 1024, 2 ** 30),
  };
}

/** Checks an argument and returns it in its checked form. @throws {InvalidArgumentError} for anything but letters. */
export function checkNation(nation: unknown): string | undefined {
  if (nation === undefined) return undefined;
  if (typeof nation === "string" && /^[a-z]{2,16}$/i.test(nation)) return nation.toLowerCase();
  throw invalidArgument("nation", "letters, as in us,", nation);
}

/**
 * Opens a list of known content in any format of `ListFormat`. The result gives its entries one by one, as a bank's
 * `import` takes them. Memory does not grow with the list.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option that does not fit.
 * @throws {ListError} `ERR_EMPREINTE_LIST` if the format is not recognized.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ` if the file or stream cannot be read; or the signal's reason.
 *
 * @example
 * const list = await openList("ncmec.xml", { onProblem: console.warn });
 * for await (const entry of list) console.log(entry.position?.line, entry.id, entry.signals.length);
 * console.log(list.page.next); // the link of the next page
 */
export async function openList(input: ListInput, options?: OpenListOptions): Promise<EntryList> {
  const given = checkOptions(options, openListNames) as OpenListOptions;
  const checkedInput = checkListInput(input);
  const { name = inputName(checkedInput) ?? "stream", onProblem, others = "report" } = given;
  if (typeof name !== "string") throw invalidArgument("name", "string", name);
  checkCallback("onProblem", onProblem);
  oneOf("others", others, ["report", "keep"]);
  const checked = check(given);
  return entryList(await peekList(checkedInput, name, checkSignal(given.signal)), { ...checked, others, onProblem });
}

/** A list that is open and whose beginning was read. */
export interface PeekedList {
  name: string;
  /** The first bytes of the list, at least `headBytes` or all there are. */
  head: readonly Uint8Array[];
  /** The bytes after them. */
  rest: AsyncGenerator<Uint8Array, void, undefined>;
  /** The format by the content. */
  format: ListFormat | undefined;
}

/** Opens a list and reads its beginning. */
export async function peekList(input: ListInput, name: string, signal: AbortSignal | undefined): Promise<PeekedList> {
  const rest = readChunks(input, name, signal);
  try {
    const head = await readHead(rest);
    return { name, head, rest, format: formatOf(new Head(Buffer.concat(head))) };
  } catch (error) {
    await rest.return();
    throw error;
  }
}

/** Closes a list of unknown format that is what the command `hash` prints. @throws {ListError} */
export async function refuseHashOutput({ name, head, rest }: Omit<PeekedList, "format">): Promise<void> {
  if (!isHashOutput(new Head(Buffer.concat(head)))) return;
  await rest.return();
  const reason = "it is the output of the command hash; the command list create makes a list of the same images";
  throw new ListError(name, "its beginning", reason);
}

/** Reads at least `headBytes`, or all there is. */
async function readHead(chunks: AsyncGenerator<Uint8Array, void, undefined>): Promise<Uint8Array[]> {
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < headBytes) {
    const { done, value } = await chunks.next();
    if (done) break;
    // A chunk is valid until the next one is read.
    head.push(Uint8Array.from(value));
    length += value.length;
  }
  return head;
}

/** Starts to read the entries of an open list, and closes it if that fails. */
export async function entryList(
  { name, head, rest, format: recognized }: PeekedList,
  options: CheckedOptions & { others: "report" | "keep"; onProblem: ((problem: ListProblem) => void) | undefined },
): Promise<EntryList> {
  const beginning = Buffer.concat(head);
  const refuse = (reason: string): ListError => new ListError(name, "its beginning", reason);
  try {
    if ((beginning[0] === 0xff && beginning[1] === 0xfe) || (beginning[0] === 0xfe && beginning[1] === 0xff))
      throw refuse("it is UTF-16; save it as UTF-8");
    const format = options.format ?? recognized;
    if (format === undefined) {
      if (beginning.length === 0) throw refuse("it is empty");
      await refuseHashOutput({ name, head, rest });
      throw refuse("its format is unknown; a CSV needs the option columns");
    }
    const sink = new Sink({ name, others: options.others, onProblem: options.onProblem });
    const reader = formats[format].read(sink, { ...options, head: new Head(beginning) });
    return makeEntryList({ format, sink, reader, head, rest });
  } catch (error) {
    await rest.return();
    throw error;
  }
}
