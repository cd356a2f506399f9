/** python-threatexchange's texts: "<signal type> <signal>" lines, and the CSV of its dataset command. */
import { CsvReader } from "./csv-reader.js";
import type { ListedEntry, ListLabel, ListPosition } from "./entry.js";
import type { Feeder, Sink } from "./sink.js";
import { tagLabel } from "./tags.js";
import { signalType } from "./values.js";

export const signalCsvColumns = ["signal_type", "signal_str", "collab", "category", "tags"] as const;

/** One signal is one entry; neither form has ids. */
function give(sink: Sink, at: ListPosition, name: string, value: string, rest: Omit<ListedEntry, "signals">): void {
  if (name === "" || value === "") return sink.problem(at, "the signal type or the hash is missing");
  const type = signalType(name);
  const more: Omit<ListedEntry, "signals"> = { ...rest };
  if (type === "pdq") more.media = "image";
  else if (/^v(ideo|pdq)/i.test(name)) more.media = "video";
  if (type === undefined) return sink.give({ signals: [], others: [{ type: name, value }], ...more }, at);
  const signal = sink.signal(type, value, at, "signal_str", true);
  if (signal !== undefined) sink.give({ signals: [signal], ...more }, at);
}

export class SignalLinesReader extends CsvReader implements Feeder {
  constructor(sink: Sink, maxEntryBytes: number) {
    super(sink, {
      delimiter: " ",
      quotes: false,
      maxEntryBytes,
      row: ([type, ...value], line) => {
        const at = { entry: ++sink.count, line };
        give(sink, at, type!, value.join(" ").trim(), { labels: [], cases: [], status: "active" });
      },
    });
  }
}

export class SignalCsvReader extends CsvReader implements Feeder {
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
        const labels: ListLabel[] = category === "" ? [] : [{ scheme: "threatexchange", code: category }];
        for (const tag of tags.split(" ")) if (tag !== "") labels.push(tagLabel(tag));
        give(sink, at, type, value, {
          labels,
          cases: [],
          status: "active",
          ...(collab !== "" && { fields: { collab } }),
        });
      },
    });
  }
}
