/** The text format of Prometheus. */
import type { EventCounts, Times } from "./counters.js";

export type Labels = Record<string, string>;

/** One metric with its samples. */
export interface Metric {
  /** The name without `empreinte_cluster_`. */
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  samples: { labels: Labels; value: number | Times }[];
}

/** Makes a metric of one sample. */
export const metric = (
  type: Metric["type"],
  name: string,
  help: string,
  labels: Labels,
  value: number | Times,
): Metric => ({ name, help, type, samples: [{ labels, value }] });

/** Makes the metric of the events of a member. */
export const eventMetric = (labels: Labels, { counts }: EventCounts): Metric => ({
  name: "events_total",
  help: "Events by their type, and for retries by the step that failed.",
  type: "counter",
  samples: [...counts.values()].map(({ type, step, count }) => ({ labels: { ...labels, type, step }, value: count })),
});

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

function line(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels).map(([label, of]) => `${label}="${escaped(of)}"`);
  return `${name}{${text.join(",")}} ${value}`;
}

function lines(name: string, labels: Labels, value: number | Times): string[] {
  if (typeof value === "number") return [line(name, labels, value)];
  const { bounds, counts, sum } = value;
  return [
    ...counts.map((count, i) =>
      line(`${name}_bucket`, { ...labels, le: i < bounds.length ? `${bounds[i]}` : "+Inf" }, count),
    ),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, counts.at(-1)!),
  ];
}

/** Writes metrics. Those of one name, from several members, come together. */
export function write(metrics: readonly Metric[]): string {
  const names = new Map<string, Metric[]>();
  for (const one of metrics) names.set(one.name, [...(names.get(one.name) ?? []), one]);
  const text = [...names].flatMap(([name, all]) => {
    const full = `empreinte_cluster_${name}`;
    const samples = all.flatMap((one) => one.samples.flatMap(({ labels, value }) => lines(full, labels, value)));
    return [`# HELP ${full} ${all[0]!.help}`, `# TYPE ${full} ${all[0]!.type}`, ...samples];
  });
  return `${text.join("\n")}\n`;
}
