/** Counters, gauges and histograms, and Prometheus' text of them. No label has a hash, a case or a URL. */

type Kind = "counter" | "gauge" | "histogram";
export type Labels = Record<string, string>;

/** The values of one metric, as one process passes them to another. */
interface MetricValues {
  name: string;
  help: string;
  kind: Kind;
  bounds: readonly number[];
  /** How gauges of several processes become one. */
  merge: "sum" | "max";
  /** By the text of the labels: a value, or the counts of a histogram, its sum and its count. */
  values: Record<string, number[]>;
}

export type MetricsSnapshot = MetricValues[];

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",");

/** Different labels of one metric; further ones are counted as "other". */
const mostLabels = 2000;

export class Metric {
  readonly values: MetricValues;
  /** The values of labels that are used again as the same object. */
  #known: WeakMap<Labels, number[]> = new WeakMap();

  constructor(values: Omit<MetricValues, "values">) {
    this.values = { ...values, values: {} };
  }

  #at(labels: Labels): number[] {
    let at = this.#known.get(labels);
    if (at === undefined) this.#known.set(labels, (at = this.#find(labels)));
    return at;
  }

  #find(labels: Labels): number[] {
    const { values, bounds, kind } = this.values;
    let text = labelText(labels);
    if (values[text] === undefined && Object.keys(values).length >= mostLabels) {
      text = labelText(Object.fromEntries(Object.keys(labels).map((name) => [name, "other"])));
    }
    return (values[text] ??= Array.from({ length: kind === "histogram" ? bounds.length + 2 : 1 }, () => 0));
  }

  add(labels: Labels = {}, amount = 1): void {
    const at = this.#at(labels);
    at[0] = at[0]! + amount;
  }

  set(value: number, labels: Labels = {}): void {
    this.#at(labels)[0] = value;
  }

  /** Forgets all labels, before a gauge is set anew. */
  clear(): void {
    this.values.values = {};
    this.#known = new WeakMap();
  }

  observe(value: number, labels: Labels = {}): void {
    const at = this.#at(labels);
    const { bounds } = this.values;
    const place = bounds.findIndex((bound) => value <= bound);
    if (place !== -1) at[place] = at[place]! + 1;
    at[bounds.length] = at[bounds.length]! + value;
    at[bounds.length + 1] = at[bounds.length + 1]! + 1;
  }
}

/** Seconds of HTTP calls, decodes and checks. */
const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600];

/** All metrics of one process. */
export class Metrics {
  readonly #all: Metric[] = [];
  #make(kind: Kind, name: string, help: string, bounds: readonly number[] = [], merge: "sum" | "max" = "sum"): Metric {
    const metric = new Metric({ name: `empreinte_${name}`, help, kind, bounds, merge });
    this.#all.push(metric);
    return metric;
  }
  #histogram = (name: string, help: string, bounds = seconds): Metric => this.#make("histogram", name, help, bounds);

  readonly requests: Metric = this.#histogram("http_request_duration_seconds", "Time of HTTP calls.");
  readonly hashes: Metric = this.#histogram("hash_duration_seconds", "Time to hash, by kind.");
  readonly hashFailures: Metric = this.#make("counter", "hash_failures_total", "Media that cannot be hashed, by code.");
  readonly checks: Metric = this.#histogram("check_duration_seconds", "Time of checks, by stage.");
  readonly matches: Metric = this.#make("counter", "matches_total", "Matches by bank, action and how they were found.");
  readonly distances: Metric = this.#histogram(
    "match_distance_bits",
    "Differing bits of matches, by bank.",
    Array.from({ length: 32 }, (_, bits) => bits),
  );
  readonly entries: Metric = this.#make("gauge", "index_entries", "Active entries, by bank.", [], "max");
  readonly signals: Metric = this.#make("gauge", "index_signals", "Signals that a search can find.", [], "max");
  readonly storeRevision: Metric = this.#make("gauge", "store_revision", "The store's revision.", [], "max");
  readonly indexRevision: Metric = this.#make("gauge", "index_revision", "The revision that searches see.", [], "max");
  readonly storeRetries: Metric = this.#make(
    "counter",
    "store_retries_total",
    "Failures of the store's work in the background, which is tried again, by step.",
  );
  readonly withdrawals: Metric = this.#histogram(
    "withdrawal_seconds",
    "Time from the call of a withdrawal until nothing finds the entries.",
  );
  readonly sourceAge: Metric = this.#make(
    "gauge",
    "source_age_seconds",
    "Time since a source's last import, or since it was last current.",
    [],
    "max",
  );
  readonly sourceStale: Metric = this.#make(
    "gauge",
    "source_stale",
    "1 where the program that fetches a source says that it is stale, else 0.",
    [],
    "max",
  );
  readonly rejected: Metric = this.#make(
    "counter",
    "decoder_rejected_total",
    "Uploads that no decoder was given, by reason.",
  );
  readonly queue: Metric = this.#make("gauge", "queue_depth", "Calls that wait, by queue.");
  readonly uploadMemory: Metric = this.#make("gauge", "upload_memory_bytes", "Bytes of images that are held.");
  readonly denied: Metric = this.#make("counter", "denied_calls_total", "Calls that were refused, by reason.");
  readonly webhooks: Metric = this.#make("counter", "webhook_deliveries_total", "Webhooks, by result.");
  readonly reviewUploads: Metric = this.#make("counter", "review_uploads_total", "Uploads that a person reviews.");
  readonly reviewMedia: Metric = this.#make("counter", "review_media_total", "Images of cards, held or without room.");
  readonly reviewDecided: Metric = this.#make("counter", "review_decided_total", "Cards that ended, by outcome.");
  readonly reviewCards: Metric = this.#make("gauge", "review_cards", "Cards by state.", [], "max");
  readonly reveals: Metric = this.#make("counter", "review_reveals_total", "Reveals of media to persons, by level.");
  readonly memory: Metric = this.#make("gauge", "process_resident_memory_bytes", "Resident memory of all processes.");
  readonly build: Metric = this.#make("gauge", "build_info", "The version that runs.", [], "max");

  snapshot(): MetricsSnapshot {
    return this.#all.map(({ values }) => values);
  }
}

/** Adds up the metrics of several processes. */
export function mergeMetrics(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  const [first, ...rest] = structuredClone([...snapshots]);
  for (const snapshot of rest) {
    for (const { name, values } of snapshot) {
      const into = first?.find((metric) => metric.name === name);
      if (into === undefined) continue;
      for (const [labels, numbers] of Object.entries(values)) {
        const known = into.values[labels];
        const both = (a: number, b: number): number => (into.merge === "max" ? Math.max(a, b) : a + b);
        into.values[labels] = known === undefined ? numbers : known.map((value, i) => both(value, numbers[i]!));
      }
    }
  }
  return first ?? [];
}

/** Writes a snapshot in Prometheus' text format. */
export function metricsText(snapshot: MetricsSnapshot): string {
  const lines: string[] = [];
  const line = (name: string, labels: string, value: number): void => {
    lines.push(`${name}${labels === "" ? "" : `{${labels}}`} ${value}`);
  };
  for (const { name, help, kind, bounds, values } of snapshot) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
    for (const [labels, numbers] of Object.entries(values)) {
      if (kind !== "histogram") {
        line(name, labels, numbers[0]!);
        continue;
      }
      const before = labels === "" ? "" : `${labels},`;
      let count = 0;
      for (const [place, bound] of bounds.entries()) {
        count += numbers[place]!;
        line(`${name}_bucket`, `${before}le="${bound}"`, count);
      }
      line(`${name}_bucket`, `${before}le="+Inf"`, numbers[bounds.length + 1]!);
      line(`${name}_sum`, labels, numbers[bounds.length]!);
      line(`${name}_count`, labels, numbers[bounds.length + 1]!);
    }
  }
  return `${lines.join("\n")}\n`;
}
