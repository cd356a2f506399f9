/** What the watch has to say: figures for each item and each host, as a table, JSON or CSV. */
import type { Observation, WatchRecord, WatchState } from "./items.js";

/** One item in a report. */
export interface WatchRow {
  id: string;
  address: string;
  host: string;
  case: string;
  state: WatchState | "new";
  reason: string;
  /** When its removal was requested, and when it was last checked: ISO 8601. */
  since: string;
  checked: string | undefined;
  /** Hours from the request to the first check at which it was gone. */
  hoursToRemoval: number | undefined;
  /** Whether it was gone within its deadline; undefined while neither is known. */
  withinDeadline: boolean | undefined;
  /** How often it came back after it was gone. */
  returns: number;
}

/** One host in a report. */
export interface HostRow {
  host: string;
  items: number;
  gone: number;
  /** Of the items whose deadline is decided, the share that was gone within it, 0 … 1. */
  withinDeadline: number | undefined;
  medianHours: number | undefined;
  returns: number;
}

export interface WatchReport {
  /** When the report was made: ISO 8601. */
  at: string;
  items: WatchRow[];
  hosts: HostRow[];
}

const hour = 3_600_000;
/** States at which the content, or something in its place, answers. */
const answering = new Set<WatchState>(["there", "unchanged"]);

/** Makes the report. */
export function watchReport(records: readonly WatchRecord[], now: number): WatchReport {
  const items = records.map((record) => rowOf(record, now));
  items.sort((a, b) => (a.host === b.host ? a.since.localeCompare(b.since) : a.host.localeCompare(b.host)));
  const hosts = [...new Set(items.map(({ host }) => host))].map((host) => hostRow(host, items));
  return { at: new Date(now).toISOString(), items, hosts };
}

function rowOf({ item, history, checkedAt }: WatchRecord, now: number): WatchRow {
  const { id, address, case: name, since, deadlineHours } = item;
  const last = history.at(-1);
  const gone = history.find(({ state }) => state === "gone");
  const hours = gone && Math.max(0, (gone.at - since) / hour);
  const passed = now - since > hour * deadlineHours;
  const withinDeadline =
    hours === undefined ? (passed && last !== undefined ? false : undefined) : hours <= deadlineHours;
  return {
    id,
    address,
    host: new URL(address).host,
    case: name,
    state: last?.state ?? "new",
    reason: last?.reason ?? "not yet checked",
    since: new Date(since).toISOString(),
    checked: checkedAt === undefined ? undefined : new Date(checkedAt).toISOString(),
    hoursToRemoval: hours === undefined ? undefined : Math.round(10 * hours) / 10,
    withinDeadline,
    returns: returnsOf(history),
  };
}

/** Counts how often content answered again after it was gone. What was unreachable in between changes nothing. */
function returnsOf(history: readonly Observation[]): number {
  let gone = false;
  let returns = 0;
  for (const { state } of history) {
    if (state === "gone") gone = true;
    else if (gone && answering.has(state)) {
      returns++;
      gone = false;
    }
  }
  return returns;
}

function hostRow(host: string, all: readonly WatchRow[]): HostRow {
  const items = all.filter((row) => row.host === host);
  const decided = items.filter(({ withinDeadline }) => withinDeadline !== undefined);
  const hours = items.flatMap(({ hoursToRemoval }) => hoursToRemoval ?? []).sort((a, b) => a - b);
  const [low, high] = [hours[Math.floor((hours.length - 1) / 2)], hours[Math.floor(hours.length / 2)]];
  const median = low === undefined || high === undefined ? undefined : (low + high) / 2;
  return {
    host,
    items: items.length,
    gone: items.filter(({ state }) => state === "gone").length,
    withinDeadline:
      decided.length === 0 ? undefined : decided.filter((row) => row.withinDeadline === true).length / decided.length,
    medianHours: median,
    returns: items.reduce((sum, row) => sum + row.returns, 0),
  };
}

const percent = (share: number | undefined): string => (share === undefined ? "–" : `${Math.round(100 * share)} %`);
const hours = (value: number | undefined): string => (value === undefined ? "–" : `${value} h`);

/** Returns the report as lines for a terminal. */
export function watchTable({ items, hosts }: WatchReport): string {
  const rows = [
    ["host", "items", "gone", "in time", "median", "returns"],
    ...hosts.map((one) => [
      one.host,
      String(one.items),
      String(one.gone),
      percent(one.withinDeadline),
      hours(one.medianHours),
      String(one.returns),
    ]),
  ];
  const open = items
    .filter(({ state }) => state !== "gone")
    .map(({ id, case: name, host, state, reason, withinDeadline }) => {
      return [id, name, host, state, withinDeadline === false ? "deadline passed" : "", reason];
    });
  return `${columns(rows)}${open.length > 0 ? `\n${columns(open)}` : ""}`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

const csvColumns = [
  "id",
  "address",
  "host",
  "case",
  "state",
  "reason",
  "since",
  "checked",
  "hoursToRemoval",
  "withinDeadline",
  "returns",
] as const;

/** Returns the items as CSV. A cell that a spreadsheet would run as a formula begins with an apostrophe. */
export function watchCsv({ items }: WatchReport): string {
  const cell = (value: unknown): string => {
    const text = value === undefined ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = [csvColumns.join(","), ...items.map((row) => csvColumns.map((name) => cell(row[name])).join(","))];
  return `${lines.join("\r\n")}\r\n`;
}
