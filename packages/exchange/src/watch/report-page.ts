/** The report as one page: nothing is loaded, and nothing in it is a link. */
import type { HostRow, WatchReport, WatchRow } from "./report.js";

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Draws a bar for each host. `value` is undefined if nothing is known yet. */
function plot(
  title: string,
  bars: readonly { name: string; value: number | undefined; text: string }[],
  most: number,
): string {
  const [left, width, step] = [220, 420, 24];
  const rows = bars.map(({ name, value, text }, i) => {
    const length = value === undefined || most === 0 ? 0 : Math.round((width * value) / most);
    const y = step * i;
    return `<text x="${left - 8}" y="${y + 16}" text-anchor="end">${escape(name.slice(0, 32))}</text>
<rect x="${left}" y="${y + 4}" width="${length}" height="16"/><text x="${left + length + 6}" y="${y + 16}">${escape(text)}</text>`;
  });
  return `<h2>${escape(title)}</h2>
<svg role="img" aria-label="${escape(title)}" viewBox="0 0 ${left + width + 90} ${step * bars.length}" width="${left + width + 90}">
${rows.join("\n")}
</svg>`;
}

const hoursText = (value: number | undefined): string => (value === undefined ? "not yet" : `${value} h`);
const shareText = (value: number | undefined): string =>
  value === undefined ? "not yet" : `${Math.round(100 * value)} %`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string): string =>
    row.map((one) => `<${tag}>${escape(one)}</${tag}>`).join("");
  return `<table><thead><tr>${cells(head, "th")}</tr></thead><tbody>
${rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n")}
</tbody></table>`;
}

const hostCells = (one: HostRow): string[] => [
  one.host,
  String(one.items),
  String(one.gone),
  shareText(one.withinDeadline),
  hoursText(one.medianHours),
  String(one.returns),
];
const itemCells = (row: WatchRow): string[] => [
  row.case,
  row.host,
  row.state,
  row.since.slice(0, 16).replace("T", " "),
  hoursText(row.hoursToRemoval),
  row.withinDeadline === undefined ? "open" : row.withinDeadline ? "yes" : "no",
  String(row.returns),
  row.reason,
];

/** Makes the page. It has cases and hosts, but no address of content. */
export function watchPage({ at, items, hosts }: WatchReport): string {
  const longest = Math.max(0, ...hosts.map(({ medianHours }) => medianHours ?? 0));
  const bars = (value: (one: HostRow) => number | undefined, text: (value: number | undefined) => string) =>
    hosts.map((one) => ({ name: one.host, value: value(one), text: text(value(one)) }));
  const most = Math.max(0, ...hosts.map(({ returns }) => returns));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Removal of reported content</title>
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}svg{max-width:100%;height:auto}
svg text{font-size:13px;fill:currentColor}rect{fill:#2f6f9f}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .5rem;
border-bottom:1px solid #ccc;vertical-align:top}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}}</style></head>
<body><h1>Removal of reported content</h1>
<p>${items.length} addresses at ${hosts.length} hosts, as of ${escape(at.slice(0, 16).replace("T", " "))} UTC. A removal is counted from the first check at which the content was gone.</p>
${plot(
  "Median time to removal",
  bars((one) => one.medianHours, hoursText),
  longest,
)}
${plot(
  "Share within the deadline",
  bars((one) => one.withinDeadline, shareText),
  1,
)}
${plot(
  "Content that came back",
  bars((one) => one.returns, String),
  most,
)}
<h2>Hosts</h2>
${table(["host", "addresses", "gone", "in time", "median", "returns"], hosts.map(hostCells))}
<h2>Addresses</h2>
${table(["case", "host", "state", "requested", "gone after", "in time", "returns", "why"], items.map(itemCells))}
</body></html>
`;
}
