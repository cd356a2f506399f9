/** `csv`: any CSV, with the option `columns`. */
import { type CheckedColumns, columnTypes } from "../columns.js";
import type { Label, ListEntry, ListPosition, Signal } from "../entry.js";
import type { Format, FormatReader } from "../format.js";
import { CsvReader } from "../readers/csv-reader.js";
import type { Sink } from "../sink.js";
import { numberOf, textOf, timeOf, unixTime } from "../values.js";

/** Returns the usual delimiter that the first line has most of. */
function delimiterOf(head: string): string {
  const [first = ""] = head.replace(/"[^"]*"/g, "").split(/\r\n|\r|\n/, 1);
  const counts = [",", ";", "\t", "|"].map((one) => ({ one, count: first.split(one).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).one;
}

/** Which place of a row has what, from 0. */
interface Places {
  places: Map<string, number>;
  /** The places of labels, by their scheme. */
  schemes: [string, number][];
}

function arranged(places: Map<string, number>): Places {
  const labels = [...places].filter(([what]) => what.startsWith("label "));
  return { places, schemes: labels.map(([what, place]) => [what.slice("label ".length), place]) };
}

class ColumnsReader extends CsvReader implements FormatReader {
  constructor(sink: Sink, maxEntryBytes: number, map: CheckedColumns, head: string) {
    let places: Places | undefined = map.header ? undefined : byNumber(map);
    super(sink, {
      delimiter: map.delimiter ?? delimiterOf(head),
      maxEntryBytes,
      row: (row, line) => {
        if (places === undefined) places = byName(sink, map, row, line);
        else addRow(sink, { entry: ++sink.count, line }, map, places, row);
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

function addRow(
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
  const signals: Signal[] = [];
  let broken = false;
  for (const type of columnTypes) {
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
  const labels: Label[] = [];
  for (const [scheme, place] of schemes) {
    const code = row[place]?.trim() ?? "";
    if (code !== "") labels.push({ scheme, code });
  }
  const id = textOf(field("id"));
  const number = field("case");
  const status = withdrawn.has(field("status").toLowerCase()) ? "withdrawn" : "active";
  if (signals.length === 0 && broken && !(status === "withdrawn" && id !== undefined))
    return sink.skip(at, "bad-hash", "none of its hashes can be read");
  const cases = number === "" ? [] : [number];
  // Set member by member: spreading would take most of the time for a million rows.
  const entry: ListEntry = { signals, labels, cases, status };
  if (id !== undefined) entry.id = id;
  if (time !== undefined) entry.time = time;
  sink.add(entry, at);
}

export const csv: Format = {
  // A CSV of this kind is only read where the caller maps its columns.
  sniff: () => "no",
  read: (sink, { maxEntryBytes, columns, head }) => new ColumnsReader(sink, maxEntryBytes, columns!, head.text),
};
