/** Returns text for HTML, also in attributes. */
export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Formats a share as a percentage: 0.473 as "47.3 %". */
export function percent(part: number, digits = 1): string {
  return `${(100 * part).toFixed(digits)} %`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** A rate, in words where it is small: "under 1 in 530,000". */
export function oneIn(rate: number): string {
  return rate <= 0 ? "0" : `1 in ${count(1 / rate)}`;
}

/** Returns a number as large or small as it is, in two digits. */
export function rough(value: number): string {
  if (value === 0) return "0";
  if (value >= 100) return count(Number(value.toPrecision(2)));
  return String(Number(value.toPrecision(2)));
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${cells("th", head)}</thead><tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table></div>`;
}
