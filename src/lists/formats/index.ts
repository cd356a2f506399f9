/** All list formats. To add one, write a file beside this one and a line here; docs/lists.md has the steps. */
import type { Format, WritableFormat } from "../format.js";
import { csv } from "./csv.js";
import { ncmec } from "./ncmec.js";
import { plain } from "./plain.js";
import { stopncii } from "./stopncii.js";
import { techAgainstTerrorism } from "./tech-against-terrorism.js";
import { signalCsv, signals } from "./threat-exchange-text.js";
import { threatExchange } from "./threat-exchange.js";
import { vics1, vics2 } from "./vics.js";
import { vpdqJson, vpdqJsonObject, vpdqLines } from "./vpdq.js";

/** The formats that lists are read and written in. */
export type WrittenFormat =
  "plain" | "signal-csv" | "stopncii" | "vics-2.0" | "vpdq-lines" | "vpdq-json" | "vpdq-json-object";

/**
 * The formats that lists are read in.
 *
 * - `plain`: `<hash>` or `<hash>,<metadata>` a line
 * - `signals`, `signal-csv`: python-threatexchange's `<signal type> <signal>` lines, and its CSV
 * - `stopncii`: StopNCII's hash records
 * - `ncmec`: NCMEC's hash sharing v2 XML
 * - `threatexchange`: ThreatExchange's `threat_updates`
 * - `tech-against-terrorism`: hash list v2
 * - `vics-1.3`, `vics-2.0`: Project VIC's JSON; `vics-1.3` is also 1.1 and 1.2
 * - `vpdq-lines`, `vpdq-json`, `vpdq-json-object`: the frames of one video
 * - `csv`: any CSV, with the option `columns`
 */
export type ListFormat =
  WrittenFormat | "signals" | "ncmec" | "threatexchange" | "tech-against-terrorism" | "vics-1.3" | "csv";

/** The table of formats. If several are certain of a list, the first one in this order reads it. */
export const formats: Readonly<Record<ListFormat, Format> & Record<WrittenFormat, WritableFormat>> = {
  "signal-csv": signalCsv,
  "vpdq-lines": vpdqLines,
  plain,
  signals,
  ncmec,
  "vpdq-json": vpdqJson,
  "vics-2.0": vics2,
  "vics-1.3": vics1,
  stopncii,
  "tech-against-terrorism": techAgainstTerrorism,
  threatexchange: threatExchange,
  "vpdq-json-object": vpdqJsonObject,
  csv,
};

/** The names of all formats. */
export const listFormats: readonly ListFormat[] = Object.keys(formats) as ListFormat[];

/** The names of the formats that lists are written in. */
export const writtenFormats: readonly WrittenFormat[] = listFormats.filter(
  (name): name is WrittenFormat => "write" in formats[name],
);
