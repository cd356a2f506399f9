import { escaped } from "./text.js";
import type { EvaluationReport, MethodReport } from "./types.js";

/** Plots as inline SVG. Methods differ in dashes and marks, and carry their names: no colour is needed to read them. */

const dashes = ["", "7 4", "2 3", "10 3 2 3", "14 4", "4 2 1 2"];

interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const frame: Frame = { width: 760, height: 340, left: 70, right: 130, top: 16, bottom: 46 };

/** From values to pixels along one side. */
type Scale = (value: number) => number;

function across(least: number, most: number, { left, right, width }: Frame): Scale {
  return (value) => left + ((value - least) / (most - least)) * (width - left - right);
}

function up(least: number, most: number, { top, bottom, height }: Frame): Scale {
  return (value) => height - bottom - ((value - least) / (most - least)) * (height - top - bottom);
}

const n = (value: number): string => String(Math.round(10 * value) / 10);

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end" = "start"): string {
  return `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function line(points: readonly (readonly [number, number])[], dash = "", width = 1.8): string {
  const d = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${n(x)} ${n(y)}`).join("");
  const dashed = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  return `<path d="${d}" fill="none" stroke="currentColor" stroke-width="${width}"${dashed}/>`;
}

/** Draws one of six marks about a point. */
function mark(x: number, y: number, kind: number): string {
  const shapes = [
    `<circle cx="${n(x)}" cy="${n(y)}" r="5" fill="currentColor"/>`,
    `<circle cx="${n(x)}" cy="${n(y)}" r="4.5" fill="none" stroke="currentColor" stroke-width="1.8"/>`,
    `<path d="M${n(x)} ${n(y - 6)}l6 10h-12z" fill="currentColor"/>`,
    `<path d="M${n(x - 5)} ${n(y - 5)}h10v10h-10z" fill="none" stroke="currentColor" stroke-width="1.8"/>`,
    `<path d="M${n(x)} ${n(y - 6.5)}l6.5 6.5l-6.5 6.5l-6.5 -6.5z" fill="currentColor"/>`,
    `<path d="M${n(x - 5)} ${n(y - 5)}l10 10m0 -10l-10 10" stroke="currentColor" stroke-width="2"/>`,
  ];
  return shapes[kind % shapes.length]!;
}

function svg({ width, height }: { width: number; height: number }, title: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}"><title>${escaped(title)}</title>${parts.join("")}</svg>`;
}

interface Axis {
  label: string;
  marks: readonly (readonly [number, string])[];
}

function axes(x: Axis, y: Axis, toX: Scale, toY: Scale, size: Frame = frame): string[] {
  const { left, right, top, bottom, width, height } = size;
  return [
    line(
      [
        [left, top],
        [left, height - bottom],
        [width - right, height - bottom],
      ],
      "",
      1,
    ),
    ...x.marks.flatMap(([value, label]) => [
      line(
        [
          [toX(value), height - bottom],
          [toX(value), height - bottom + 5],
        ],
        "",
        1,
      ),
      text(toX(value), height - bottom + 19, label, "middle"),
    ]),
    ...y.marks.flatMap(([value, label]) => [
      line(
        [
          [left - 5, toY(value)],
          [left, toY(value)],
        ],
        "",
        1,
      ),
      text(left - 9, toY(value) + 4, label, "end"),
    ]),
    text((left + width - right) / 2, height - 8, x.label, "middle"),
    `<text transform="translate(14 ${n((top + height - bottom) / 2)}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`,
  ];
}

const percents: Axis["marks"] = [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => [value, `${Math.round(100 * value)} %`]);
const bitMarks = (most: number, step: number): Axis["marks"] =>
  Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => [i * step, String(i * step)] as const);

/** Names at the ends of lines, moved apart where they would lie on one another. */
function endNames(ends: readonly (readonly [number, number, string])[]): string[] {
  let last = -Infinity;
  return [...ends]
    .sort((a, b) => a[1] - b[1])
    .map(([x, y, name]) => {
      last = Math.max(y + 4, last + 14);
      return text(x + 6, last, name);
    });
}

/** Recall of each family, a row each, a mark for each method. */
export function familyPlot({ methods }: EvaluationReport): string {
  const families = methods[0]!.families.map(({ family }) => family);
  const pitch = 30;
  const legend = 24 * Math.ceil(methods.length / 3);
  const size: Frame = {
    width: 760,
    height: families.length * pitch + 70 + legend,
    left: 110,
    right: 30,
    top: 12 + legend,
    bottom: 46,
  };
  const toX = across(0, 1, size);
  const parts = axes(
    { label: "mean recall (match)", marks: percents },
    { label: "", marks: [] },
    toX,
    (value) => value,
    size,
  );
  methods.forEach(({ name, recall }, m) => {
    const [x, y] = [size.left + (m % 3) * 215, 14 + 24 * Math.floor(m / 3)];
    parts.push(mark(x, y, m), text(x + 12, y + 4, `${name}: ${(100 * recall.match).toFixed(1)} %`));
  });
  families.forEach((family, f) => {
    const y = size.top + (f + 0.5) * pitch;
    parts.push(
      line(
        [
          [size.left, y],
          [size.width - size.right, y],
        ],
        "1 4",
        0.7,
      ),
      text(size.left - 9, y + 4, family, "end"),
    );
    methods.forEach((method, m) => {
      const found = method.families.find((one) => one.family === family);
      if (found !== undefined) parts.push(mark(toX(found.match), y + 3 * (m - (methods.length - 1) / 2), m));
    });
  });
  return svg(size, "Recall by family of attacks", parts);
}

/** Shares at each distance: right images of a method, and pairs of unrelated photographs. */
export function distancePlot(method: MethodReport, unrelated: readonly number[]): string {
  const step = 4;
  const most = method.bits;
  const bins = (counts: readonly number[]): number[] => {
    const sum = counts.reduce((all, count) => all + count, 0);
    const found = Array.from({ length: Math.ceil((most + 1) / step) }, () => 0);
    counts.slice(0, most + 1).forEach((count, i) => (found[Math.floor(i / step)]! += sum === 0 ? 0 : count / sum));
    return found;
  };
  const lines: [string, number[], string][] = [["altered copies", bins(method.distances), ""]];
  if (method.bits === 256 && unrelated.some((count) => count > 0)) {
    lines.push(["unrelated photographs", bins(unrelated), "5 4"]);
  }
  const highest = Math.max(0.01, ...lines.flatMap(([, shares]) => shares));
  const toX = across(0, most, frame);
  const toY = up(0, highest, frame);
  const marks = [0, 0.25, 0.5, 0.75, 1].map(
    (part) => [part * highest, `${(100 * part * highest).toFixed(highest < 0.1 ? 1 : 0)} %`] as const,
  );
  const parts = axes(
    { label: "differing bits", marks: bitMarks(most, Math.max(1, Math.round(most / 8))) },
    { label: `share, in steps of ${step} bits`, marks },
    toX,
    toY,
  );
  lines.forEach(([name, shares, dash], i) => {
    const points = shares.flatMap((value, bin): [number, number][] => [
      [toX(Math.min(most, bin * step)), toY(value)],
      [toX(Math.min(most, (bin + 1) * step)), toY(value)],
    ]);
    parts.push(line(points, dash));
    const top = shares.indexOf(Math.max(...shares));
    parts.push(text(toX(Math.min(most * 0.7, top * step)) + 12, toY(shares[top]!) + 12 + 2 * i, name));
  });
  parts.push(
    line(
      [
        [toX(method.radius), frame.top],
        [toX(method.radius), frame.height - frame.bottom],
      ],
      "1 3",
      1.4,
    ),
  );
  parts.push(text(toX(method.radius) + 4, frame.top + 40, `radius ${method.radius}`));
  return svg(frame, `Distances of ${method.name}`, parts);
}

/** Recall at each distance that may be the radius. */
export function recallPlot({ methods }: EvaluationReport): string {
  const toX = across(0, 90 / 256, frame);
  const toY = up(0, 1, frame);
  const parts = axes(
    { label: "radius (bits of 256)", marks: bitMarks(90, 10).map(([value, label]) => [value / 256, label]) },
    { label: "recall", marks: percents },
    toX,
    toY,
  );
  const ends: [number, number, string][] = [];
  methods.forEach(({ name, bits, curve }, m) => {
    const points = curve.map(({ distance, recall }) => [toX(distance / bits), toY(recall)] as const);
    parts.push(line(points, dashes[m % dashes.length]));
    ends.push([...points.at(-1)!, name]);
  });
  parts.push(...endNames(ends));
  return svg(frame, "Recall by radius", parts);
}

/** Recall against the share of queries with a wrong image; where none was seen, what it may be, as an open mark. */
export function falsePlot({ methods }: EvaluationReport): string {
  const least = Math.min(...methods.map(({ falseMatches }) => 1 / Math.max(1, falseMatches.queries))) / 2;
  const lowest = Math.floor(Math.log10(least));
  const toX = across(lowest, 0, frame);
  const toY = up(0, 1, frame);
  const marks = Array.from({ length: -lowest + 1 }, (_, i) => {
    const power = lowest + i;
    return [power, power === 0 ? "1" : power > -3 ? String(10 ** power) : `1e${power}`] as const;
  });
  const parts = axes(
    { label: "share of queries with a wrong image within the radius", marks },
    { label: "recall", marks: percents },
    toX,
    toY,
  );
  const ends: [number, number, string][] = [];
  methods.forEach(({ name, curve }, m) => {
    const seen = curve.filter(({ falseRate }) => falseRate > 0);
    const unseen = curve.filter(({ falseRate }) => falseRate === 0).at(-1);
    const points = seen.map(({ falseRate, recall }) => [toX(Math.log10(falseRate)), toY(recall)] as const);
    if (unseen !== undefined) {
      const at = [toX(Math.log10(unseen.upper)), toY(unseen.recall)] as const;
      parts.push(
        `<circle cx="${n(at[0])}" cy="${n(at[1])}" r="6" fill="none" stroke="currentColor" stroke-width="1.4"/>`,
      );
      if (points.length === 0) ends.push([at[0] + 4, at[1], name]);
    }
    if (points.length === 0) return;
    parts.push(line(points, dashes[m % dashes.length]));
    ends.push([...points.at(-1)!, name]);
  });
  parts.push(...endNames(ends));
  return svg(frame, "Recall against false matches", parts);
}
