/** python-threatexchange's texts: "<signal type> <signal>" lines, and the CSV of its dataset command. */
import { CsvReader } from "../readers/csv-reader.js";
import type { ListEntry, Label, ListPosition } from "../entry.js";
import type { CountLoss, Format, FormatReader, FormatWriter, WritableFormat } from "../format.js";
import type { Sink } from "../sink.js";
import { isSignalList } from "./lines.js";
import { tagLabel, tagText } from "./tags.js";
import { shownName, signalType } from "../values.js";
import { leaveOut, leaveOutFields, leaveOutSignals, writable } from "../losses.js";

const signalCsvColumns = ["signal_type", "signal_str", "collab", "category", "tags"] as const;

/** Matches the names of signal types of videos. */
const ofVideo = /^v(ideo|pdq)/i;

/** Adds a signal as an entry of its own. Neither format has ids. */
function addSignal(sink: Sink, at: ListPosition, name: string, value: string, rest: Omit<ListEntry, "signals">): void {
  if (name === "" || value === "") return sink.skip(at, "missing-field", "the signal type or the hash is missing");
  const type = signalType(name);
  const more: Omit<ListEntry, "signals"> = { ...rest };
  if (ofVideo.test(name)) more.media = "video";
  if (type === undefined) return sink.add({ signals: [], others: [{ type: name, value }], ...more }, at);
  const signal = sink.signal(type, value, at, "signal_str", true);
  if (signal !== undefined) sink.add({ signals: [signal], ...more }, at);
}

class SignalLinesReader extends CsvReader implements FormatReader {
  constructor(sink: Sink, maxEntryBytes: number) {
    super(sink, {
      delimiter: " ",
      quotes: false,
      maxEntryBytes,
      row: ([type, ...value], line) => {
        const at = { entry: ++sink.count, line };
        addSignal(sink, at, type!, value.join(" ").trim(), { labels: [], cases: [], status: "active" });
      },
    });
  }
}

class SignalCsvReader extends CsvReader implements FormatReader {
  constructor(sink: Sink, maxEntryBytes: number) {
    let columns: number[] | undefined;
    super(sink, {
      delimiter: ",",
      maxEntryBytes,
      row: (row, line) => {
        if (columns === undefined) {
          const header = row.map((name) => name.trim().toLowerCase());
          columns = signalCsvColumns.map((name) => header.indexOf(name));
          if (columns[0]! < 0 || columns[1]! < 0)
            throw sink.fatal({ entry: 0, line }, "the header has no signal_type and signal_str");
          return;
        }
        const at = { entry: ++sink.count, line };
        const [type, value, collab, category, tags] = columns.map((column) => row[column]?.trim() ?? "") as [
          string,
          string,
          string,
          string,
          string,
        ];
        const labels: Label[] = category === "" ? [] : [{ scheme: "threatexchange", code: category }];
        for (const tag of tags.split(" ")) if (tag !== "") labels.push(tagLabel(tag));
        addSignal(sink, at, type, value, {
          labels,
          cases: [],
          status: "active",
          ...(collab !== "" && { fields: { collab } }),
        });
      },
    });
  }
}

const categories = new Set(["POSITIVE_CLASS", "NEGATIVE_CLASS", "INVESTIGATION_SEED", "DISPUTED"]);

/** Quotes a field of a CSV where needed. Readers drop white space around it. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes a row for each signal, each with everything that is known of the entry. */
class SignalCsvWriter implements FormatWriter {
  begin(): string {
    return `${signalCsvColumns.join(",")}\n`;
  }

  entry(entry: ListEntry, lost: CountLoss): string {
    const { labels, media, fields = {}, others = [] } = entry;
    if (!writable(entry, lost)) return "";
    const rows = entry.signals
      .filter(({ type }) => type !== "vpdq")
      .map(({ type, value }) => [type === "md5" && media === "video" ? "video_md5" : type, value]);
    for (const { type, value } of others) {
      if (value === "" || /^\s|\s$/.test(value) || signalType(type) !== undefined) lost(`others.${shownName(type)}`);
      else rows.push([type, value]);
    }
    leaveOutSignals(entry, lost, ["pdq", "md5", "sha1", "sha256"], rows.length);
    leaveOut(entry, lost, ["id", "cases", "time", "quality", "crop"]);
    if (media !== undefined && !(media === "video" && rows.every(([type]) => ofVideo.test(type!)))) lost("media");
    const category = labels.find(({ scheme, code }) => scheme === "threatexchange" && categories.has(code));
    const tags: string[] = [];
    for (const label of labels) {
      if (label.version !== undefined) lost("labels.version");
      if (label === category) continue;
      const tag = tagText(label, " ");
      if (tag === undefined) lost("labels");
      else tags.push(tag);
    }
    const collab = typeof fields["collab"] === "string" ? fields["collab"] : "";
    if (collab.trim() !== collab) lost("fields.collab");
    leaveOutFields(entry, lost, ["collab"]);
    const rest = [collab.trim(), category?.code ?? "", tags.join(" ")];
    return rows.map(([type, value]) => `${[type!, value!, ...rest].map(cell).join(",")}\n`).join("");
  }

  end(): string {
    return "";
  }
}

export const signals: Format = {
  sniff: (head) => (isSignalList(head) ? "certain" : "no"),
  read: (sink, { maxEntryBytes }) => new SignalLinesReader(sink, maxEntryBytes),
};

export const signalCsv: WritableFormat = {
  sniff: ({ kind, firstLine }) => (kind === "text" && /^\s*"?signal_type"?\s*,/i.test(firstLine) ? "certain" : "no"),
  read: (sink, { maxEntryBytes }) => new SignalCsvReader(sink, maxEntryBytes),
  write: () => new SignalCsvWriter(),
};
