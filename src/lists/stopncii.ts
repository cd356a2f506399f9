/** StopNCII's hash records: the pages of `FetchHashes`, and what `SubmitHashes` takes. */
import type { ListedEntry, ListedSignal, ListLabel, ListPosition, OtherSignal } from "./entry.js";
import { JsonReader } from "./json-reader.js";
import type { Feeder, Sink } from "./sink.js";
import { distinctLabels, tagLabel } from "./tags.js";
import { isObject, numberOf, signalType, textOf, unixTime } from "./values.js";

/** A case, or a record, that its submitter has taken back. */
export const takenBack = (status: unknown): boolean => status === "Withdrawn" || status === "Deleted";

const statuses = ["Unknown", "Received", "Active", "Withdrawn", "Deleted"];

/**
 * A record is withdrawn when it says so, and also when every one of its cases is: what a victim takes back must not stay
 * because a summary is late.
 */
function isWithdrawn(status: unknown, cases: readonly [string, unknown][]): boolean {
  return takenBack(status) || (cases.length > 0 && cases.every(([, one]) => takenBack(one)));
}

function labelsOf(feedbacks: unknown): ListLabel[] {
  const labels: ListLabel[] = [];
  for (const feedback of Array.isArray(feedbacks) ? feedbacks : []) {
    if (!isObject(feedback)) continue;
    const value = textOf(feedback["feedbackValue"]);
    if (value !== undefined && value !== "None") labels.push({ scheme: "stopncii", code: value });
    const { tags } = feedback;
    for (const tag of Array.isArray(tags) ? tags : []) {
      const text = textOf(tag);
      if (text !== undefined) labels.push(tagLabel(text));
    }
  }
  return distinctLabels(labels);
}

export class StopNciiReader implements Feeder {
  readonly #sink: Sink;
  readonly #json: JsonReader;
  #stated: number | undefined;

  /** @param bare the file is the array of records alone. */
  constructor(sink: Sink, maxEntryBytes: number, bare: boolean) {
    this.#sink = sink;
    const paths = ["$.hashRecords.*", "$.count", "$.nextPageToken", "$.nextSetTimestamp", "$.hasMoreRecords"];
    this.#json = new JsonReader(sink, {
      paths: bare ? ["$.*"] : paths,
      entryDepth: bare ? 1 : 2,
      maxEntryBytes,
      take: (value, key) => (typeof key === "number" ? this.#record(value) : this.#about(String(key), value)),
    });
  }

  write(bytes: Uint8Array): void {
    this.#json.write(bytes);
  }

  end(): void {
    this.#json.end();
    if (this.#stated !== undefined && this.#stated !== this.#sink.count) {
      const reason = `it states ${this.#stated} records and has ${this.#sink.count}`;
      this.#sink.flaw({ entry: 0 }, reason, "count");
    }
  }

  #about(key: string, value: unknown): void {
    const { page } = this.#sink;
    const text = textOf(value);
    if (key === "count") this.#stated = numberOf(value);
    else if (key === "nextPageToken" && text !== undefined) page.next = text;
    else if (key === "nextSetTimestamp" && text !== undefined) page.checkpoint = text;
    else if (key === "hasMoreRecords" && typeof value === "boolean") page.more = value;
  }

  #record(record: unknown): void {
    const sink = this.#sink;
    const at: ListPosition = { entry: ++sink.count, byte: this.#json.entryByte };
    if (!isObject(record)) return sink.problem(at, "a record is an object");
    const { signalType: typeName, hashValue, hashStatus, caseNumbers, CSPFeedbacks, lastModtimestamp } = record;
    const name = textOf(typeName);
    if (name === undefined) return sink.problem(at, "the type of the hash is missing", "signalType");
    if (textOf(hashValue) === undefined) return sink.problem(at, "the hash is missing", "hashValue");
    const signals: ListedSignal[] = [];
    const others: OtherSignal[] = [];
    const type = signalType(name);
    if (type === undefined) others.push({ type: name, value: String(hashValue) });
    else {
      const signal = sink.signal(type, hashValue, at, "hashValue", true);
      if (signal === undefined) return;
      signals.push(signal);
    }
    if (hashStatus !== undefined && !statuses.includes(hashStatus as string))
      sink.flaw(at, `Expected one of ${statuses.join(", ")}`, "hashStatus");
    if (caseNumbers !== undefined && !isObject(caseNumbers)) sink.flaw(at, "Expected an object", "caseNumbers");
    const cases = isObject(caseNumbers) ? Object.entries(caseNumbers) : [];
    const time = sink.time(lastModtimestamp, at, "lastModtimestamp", unixTime);
    const entry: ListedEntry = {
      signals,
      ...(others.length > 0 && { others }),
      labels: labelsOf(CSPFeedbacks),
      cases: cases.filter(([, status]) => !takenBack(status)).map(([number]) => number),
      status: isWithdrawn(hashStatus, cases) ? "withdrawn" : "active",
      ...(time !== undefined && { time }),
      ...(/^(image|video)/i.test(name) && { media: /^image/i.test(name) ? ("image" as const) : ("video" as const) }),
      fields: {
        ...(hashStatus !== undefined && { hashStatus }),
        ...(isObject(caseNumbers) && { caseNumbers }),
        ...(Array.isArray(CSPFeedbacks) && CSPFeedbacks.length > 0 && { CSPFeedbacks }),
      },
    };
    sink.give(entry, at);
  }
}
