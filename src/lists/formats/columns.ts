/** Any CSV, by a map of its columns. */
import { integer, invalidArgument, checkOptions } from "../../check.js";
import { InvalidArgumentError } from "../../errors.js";
import { CsvReader } from "../readers/csv-reader.js";
import type { ListedEntry, ListedSignal, ListedType, ListLabel, ListPosition } from "../entry.js";
import type { Feeder, Sink } from "../sink.js";
import { numberOf, textOf, timeOf, unixTime } from "../values.js";

/** A column by its name in the first row (case does not matter), or by its number from 1. */
export type Column = string | number;

/** Which column of a CSV has what. At least one of `pdq`, `md5`, `sha1` and `sha256` is given. */
export interface ColumnMap {
  pdq?: Column;
  md5?: Column;
  sha1?: Column;
  sha256?: Column;
  /** The source's own id of the entry. */
  id?: Column;
  /** Of the PDQ hash, 0 … 100. */
  quality?: Column;
  /** ISO 8601, or seconds since 1970. */
  time?: Column;
  /** The number of a case. */
  case?: Column;
  /** Labels, by the scheme they belong to: `{ iwf: "Category" }`. */
  labels?: Record<string, Column>;
  /** What says that an entry was taken back. */
  status?: Column;
  /** The values of `status` that say so (case does not matter). Default `withdrawn`, `deleted`, `removed`. */
  withdrawn?: readonly string[];
  /** Default: of comma, semicolon, tab and bar the one that the first row has most of. */
  delimiter?: string;
  /** False: there is no first row with names; all columns are given by number. Default true. */
  header?: boolean;
}

const types: readonly ListedType[] = ["pdq", "md5", "sha1", "sha256"];
const single = ["pdq", "md5", "sha1", "sha256", "id", "quality", "time", "case", "status"] as const;
type Single = (typeof single)[number];

/** The map, checked. */
export interface CheckedColumns {
  columns: Map<Single | `label ${string}`, Column>;
  withdrawn: Set<string>;
  delimiter: string | undefined;
  header: boolean;
}

function column(name: string, value: unknown): Column {
  if (typeof value === "number") return integer(name, value, 1, 65_536);
  if (typeof value === "string" && value.trim() !== "") return value.trim().toLowerCase();
  throw invalidArgument(name, "name or number of a column", value);
}

/** @throws {InvalidArgumentError} */
export function checkColumns(map: ColumnMap): CheckedColumns {
  const given = checkOptions(map, [...single, "labels", "withdrawn", "delimiter", "header"]);
  const { labels = {}, withdrawn = ["withdrawn", "deleted", "removed"], delimiter, header = true } = given;
  if (typeof header !== "boolean") throw invalidArgument("header", "boolean", header);
  if (delimiter !== undefined && (typeof delimiter !== "string" || !/^[^"\r\n]$/.test(delimiter)))
    throw invalidArgument("delimiter", "one character", delimiter);
  if (!Array.isArray(withdrawn) || !withdrawn.every((one) => typeof one === "string"))
    throw invalidArgument("withdrawn", "array of strings", withdrawn);
  if (typeof labels !== "object" || labels === null) throw invalidArgument("labels", "object", labels);
  const columns: CheckedColumns["columns"] = new Map();
  for (const name of single) if (given[name] !== undefined) columns.set(name, column(name, given[name]));
  for (const [scheme, value] of Object.entries(labels)) {
    if (scheme === "" || scheme.includes(":")) throw invalidArgument("labels", "scheme without a colon", scheme);
    columns.set(`label ${scheme}`, column(`labels.${scheme}`, value));
  }
  if (!types.some((type) => columns.has(type as Single)))
    throw new InvalidArgumentError("Expected a column for pdq, md5, sha1 or sha256 in columns but received none");
  if (!header && [...columns.values()].some((one) => typeof one === "string"))
    throw new InvalidArgumentError("Expected numbers of columns where there is no header but received a name");
  return { columns, withdrawn: new Set(withdrawn.map((one) => one.toLowerCase())), delimiter, header };
}

/** Of the usual delimiters the one that stands most often in the first line. */
export function delimiterOf(head: string): string {
  const [first = ""] = head.replace(/"[^"]*"/g, "").split(/\r?\n/, 1);
  const counts = [",", ";", "\t", "|"].map((one) => ({ one, count: first.split(one).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).one;
}

/** Which place of a row has what. */
interface Places {
  places: Map<string, number>;
  /** Of labels, by their scheme. */
  schemes: [string, number][];
}

function arranged(places: Map<string, number>): Places {
  const labels = [...places].filter(([what]) => what.startsWith("label "));
  return { places, schemes: labels.map(([what, place]) => [what.slice("label ".length), place]) };
}

export class ColumnsReader extends CsvReader implements Feeder {
  constructor(sink: Sink, maxEntryBytes: number, map: CheckedColumns, head: string) {
    let places: Places | undefined = map.header ? undefined : byNumber(map);
    super(sink, {
      delimiter: map.delimiter ?? delimiterOf(head),
      maxEntryBytes,
      row: (row, line) => {
        if (places === undefined) places = byName(sink, map, row, line);
        else give(sink, { entry: ++sink.count, line }, map, places, row);
      },
    });
  }
}

function byNumber({ columns }: CheckedColumns): Places {
  return arranged(new Map([...columns].map(([what, number]) => [what, (number as number) - 1])));
}

function byName(sink: Sink, { columns }: CheckedColumns, row: readonly string[], line: number): Places {
  const header = row.map((name) => name.trim().toLowerCase());
  const places = [...columns].map(([what, name]): [string, number] => {
    const place = typeof name === "number" ? name - 1 : header.indexOf(name);
    if (place < 0 || place >= header.length)
      throw sink.fatal({ entry: 0, line }, `the first row has no column for ${what}, which was to be ${name}`);
    return [what, place];
  });
  return arranged(new Map(places));
}

function give(
  sink: Sink,
  at: ListPosition,
  { withdrawn }: CheckedColumns,
  { places, schemes }: Places,
  row: readonly string[],
): void {
  const field = (what: string): string => {
    const place = places.get(what);
    return place === undefined ? "" : (row[place]?.trim() ?? "");
  };
  const signals: ListedSignal[] = [];
  let broken = false;
  for (const type of types) {
    const text = field(type);
    if (text === "") continue;
    const signal = sink.signal(type, text, at, type);
    if (signal === undefined) broken = true;
    else signals.push(signal);
  }
  const quality = field("quality");
  if (quality !== "") {
    const number = numberOf(quality);
    const pdq = signals.find(({ type }) => type === "pdq");
    if (number === undefined || !Number.isInteger(number) || number < 0 || number > 100)
      sink.flaw(at, "Expected an integer of 0 … 100", "quality");
    else if (pdq !== undefined) pdq.quality = number;
  }
  const timeText = field("time");
  const time = sink.time(timeText, at, "time", numberOf(timeText) === undefined ? timeOf : unixTime);
  const labels: ListLabel[] = [];
  for (const [scheme, place] of schemes) {
    const code = row[place]?.trim() ?? "";
    if (code !== "") labels.push({ scheme, code });
  }
  const id = textOf(field("id"));
  const number = field("case");
  const status = withdrawn.has(field("status").toLowerCase()) ? "withdrawn" : "active";
  if (signals.length === 0 && broken && !(status === "withdrawn" && id !== undefined))
    return sink.problem(at, "none of its hashes can be read");
  const cases = number === "" ? [] : [number];
  // One shape, member by member: spreading is what reading a million rows would be spent on.
  const entry: ListedEntry = { signals, labels, cases, status };
  if (id !== undefined) entry.id = id;
  if (time !== undefined) entry.time = time;
  sink.give(entry, at);
}
