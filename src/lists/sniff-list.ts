import type { VicsHead } from "./formats/vics.js";

/**
 * The formats lists come in.
 *
 * - `plain`: `<hash>` or `<hash>,<metadata>` a line; `signals` and `signal-csv`: python-threatexchange's lines and CSV
 * - `stopncii`: hash records; `ncmec`: hash sharing v2 XML; `threatexchange`: threat_updates;
 *   `tech-against-terrorism`: hash list v2
 * - `vics-1.3`, `vics-2.0`: Project VIC JSON, also 1.1 and 1.2
 * - `vpdq-lines`, `vpdq-json`, `vpdq-json-object`: the frames of one video
 * - `csv`: any, with the option `columns`
 */
export type ListFormat =
  | "plain"
  | "signals"
  | "signal-csv"
  | "stopncii"
  | "ncmec"
  | "vics-1.3"
  | "vics-2.0"
  | "threatexchange"
  | "tech-against-terrorism"
  | "vpdq-lines"
  | "vpdq-json"
  | "vpdq-json-object"
  | "csv";

export const listFormats: readonly ListFormat[] = [
  "plain",
  "signals",
  "signal-csv",
  "stopncii",
  "ncmec",
  "vics-1.3",
  "vics-2.0",
  "threatexchange",
  "tech-against-terrorism",
  "vpdq-lines",
  "vpdq-json",
  "vpdq-json-object",
  "csv",
];

/** So much of a list is looked at. */
export const headBytes = 65_536;

const hash = String.raw`(?:0x)?[0-9a-f]{64}|[a-z0-9+/_-]{43}=?`;
const plainLine = new RegExp(`^\\s*"?(?:${hash})"?\\s*(?:,|$)`, "i");
const vpdqLine = /^\s*\d+\s*,\s*\d+(\.0*)?\s*,\s*[0-9a-f]{64}\s*,\s*[\d.]+(e[+-]?\d+)?\s*$/i;

function jsonFormat(head: string): ListFormat | undefined {
  const has = (pattern: string): boolean => new RegExp(`"${pattern}"\\s*:`).test(head);
  if (head.startsWith("[")) {
    if (/^\[\s*"/.test(head) || /^\[\s*\]\s*$/.test(head)) return "vpdq-json";
    return has("hashValue") ? "stopncii" : undefined;
  }
  if (has("@odata.context")) return "vics-2.0";
  if (has("odata.metadata")) return "vics-1.3";
  if (has("hashRecords")) return "stopncii";
  if (has("results") && (has("hash_digest") || has("checkpoint"))) return "tech-against-terrorism";
  if (/"data"\s*:\s*\[/.test(head)) return "threatexchange";
  // A head may be missing: exporters leave out what nobody asks for.
  if (/"value"\s*:\s*\[/.test(head)) return "vics-2.0";
  return /^\{\s*("\d+"\s*:\s*\{|\}\s*$)/.test(head) ? "vpdq-json-object" : undefined;
}

function textFormat(head: string): ListFormat | undefined {
  const lines = head.split(/\r?\n/).filter((line) => line.trim() !== "");
  const [first = ""] = lines;
  if (/^\s*"?signal_type"?\s*,/i.test(first)) return "signal-csv";
  if (vpdqLine.test(first)) return "vpdq-lines";
  // A list may begin with a header or with broken lines.
  for (const line of lines.slice(0, 16)) {
    if (plainLine.test(line)) return "plain";
    if (/^[a-z][a-z0-9_]{1,40} [0-9a-z+/=_-]{16,}\s*$/i.test(line)) return "signals";
  }
  return undefined;
}

/** The format of a list, by its first bytes; undefined where it cannot be told. */
export function sniffList(head: Uint8Array): ListFormat | undefined {
  const text = headText(head);
  if (text.startsWith("<")) return "ncmec";
  return /^[[{]/.test(text) ? jsonFormat(text) : textFormat(text);
}

/** Without the byte order mark and white space before it. */
export function headText(head: Uint8Array): string {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, headBytes))
    .toString("utf8")
    .replace(/^\uFEFF?\s*/, "");
}

/** What a VICS file says of itself before its media. */
export function vicsHead(head: string, version: "1.3" | "2.0", nation: string | undefined): VicsHead {
  const context = /"@?odata\.(?:context|metadata)"\s*:\s*"([^"]*)"/.exec(head)?.[1] ?? "";
  const named = /\.xml\/([A-Za-z]+)\//.exec(context)?.[1]?.toLowerCase();
  const media = head.search(/"MediaID"|"MD5"/);
  const list = head.search(/"Media"\s*:\s*\[/);
  return {
    version,
    nation: nation ?? (named === "default" || named === "custom" ? undefined : named),
    cases: context.endsWith("#Cases") || (list >= 0 && (media < 0 || list < media)),
  };
}
