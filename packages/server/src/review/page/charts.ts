/** Plots as SVG, made here. Each has its numbers in a table beside it, for who cannot see it. */
import { type Html, html } from "./html.js";

export interface Bar {
  /** What is below the bar, and in its title. */
  label: string;
  /** Parts of the bar, from below. */
  parts: { name: string; value: number }[];
}

const height = 120;
const barWidth = 18;
const gap = 4;

/** Bars side by side, each of several parts. A part's class is part-0, part-1 … in the order of `names`. */
export function barChart(title: string, names: readonly string[], bars: readonly Bar[]): Html {
  const total = ({ parts }: Bar): number => parts.reduce((sum, { value }) => sum + value, 0);
  const most = Math.max(1, ...bars.map(total));
  const width = bars.length * (barWidth + gap);
  const rects = bars.map((bar, at) => {
    let top = height;
    const x = at * (barWidth + gap);
    return bar.parts.map(({ name, value }) => {
      const size = (value / most) * height;
      top -= size;
      const index = names.indexOf(name);
      return html`<rect
        x="${x}"
        y="${top.toFixed(1)}"
        width="${barWidth}"
        height="${size.toFixed(1)}"
        class="part-${index}"
        ><title>${bar.label}: ${name} ${value}</title></rect
      >`;
    });
  });
  const legend = names.map(
    (name, at) =>
      html`<span class="legend"
        ><svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" class="part-${at}" /></svg>
        ${name}</span
      > `,
  );
  return html`<figure>
    <svg role="img" aria-label="${title}" viewBox="0 0 ${width} ${height + 14}" class="chart">
      <line x1="0" y1="${height}" x2="${width}" y2="${height}" class="axis" />
      ${rects}
      <text x="0" y="${height + 12}" class="tick">${bars[0]?.label ?? ""}</text>
      <text x="${width}" y="${height + 12}" class="tick end">${bars.at(-1)?.label ?? ""}</text>
      <text x="0" y="10" class="tick">${most}</text>
    </svg>
    <figcaption>${legend}</figcaption>
  </figure>`;
}
