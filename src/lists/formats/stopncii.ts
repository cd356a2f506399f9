/** StopNCII's hash records: the pages of `FetchHashes`, and what `SubmitHashes` takes. */
import type { ListEntry, Signal, Label, ListPosition, OtherSignal } from "../entry.js";
import { JsonReader } from "../readers/json-reader.js";
import type { CountLoss, FormatReader, FormatWriter, WritableFormat } from "../format.js";
import type { Sink } from "../sink.js";
import { distinctLabels, tagLabel, tagText } from "./tags.js";
import { isObject, numberOf, shownName, signalType, textOf, unixTime } from "../values.js";
import { leaveOut, leaveOutFields, leaveOutSignals, sameLabel } from "../losses.js";

/** Returns true for the status of a case or record that its submitter has withdrawn. */
const isWithdrawnStatus = (status: unknown): boolean => status === "Withdrawn" || status === "Deleted";

const statuses = ["Unknown", "Received", "Active", "Withdrawn", "Deleted"];

/**
 * A record is withdrawn when its status says so, and also when all of its cases are withdrawn: what a victim has
 * withdrawn must not stay because a summary is late.
 */
function isWithdrawn(status: unknown, cases: readonly [string, unknown][]): boolean {
  return isWithdrawnStatus(status) || (cases.length > 0 && cases.every(([, one]) => isWithdrawnStatus(one)));
}

function labelsOf(feedbacks: unknown): Label[] {
  const labels: Label[] = [];
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

class StopNciiReader implements FormatReader {
  readonly #sink: Sink;
  readonly #json: JsonReader;
  #stated: number | undefined;

  /** @param bare whether the file is only the array of records. */
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
      this.#sink.flaw({ entry: 0 }, reason, "count", "wrong-count");
    }
  }

  #about(key: string, value: unknown): void {
    const { page } = this.#sink;
    const text = textOf(value);
    if (key === "count") this.#stated = numberOf(value);
    else if (key === "nextPageToken" && text !== undefined) page.next = text;
    else if (key === "nextSetTimestamp" && text !== undefined) page.importCursor = text;
    else if (key === "hasMoreRecords" && typeof value === "boolean") page.more = value;
  }

  #record(record: unknown): void {
    const sink = this.#sink;
    const at: ListPosition = { entry: ++sink.count, byte: this.#json.entryByte };
    if (!isObject(record)) return sink.skip(at, "bad-syntax", "a record is an object");
    const { signalType: typeName, hashValue, hashStatus, caseNumbers, CSPFeedbacks, lastModtimestamp } = record;
    const name = textOf(typeName);
    if (name === undefined) return sink.skip(at, "missing-field", "the type of the hash is missing", "signalType");
    if (textOf(hashValue) === undefined) return sink.skip(at, "missing-field", "the hash is missing", "hashValue");
    const signals: Signal[] = [];
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
    const entry: ListEntry = {
      signals,
      ...(others.length > 0 && { others }),
      labels: labelsOf(CSPFeedbacks),
      cases: cases.filter(([, status]) => !isWithdrawnStatus(status)).map(([number]) => number),
      status: isWithdrawn(hashStatus, cases) ? "withdrawn" : "active",
      ...(time !== undefined && { time }),
      ...(/^(image|video)/i.test(name) && { media: /^image/i.test(name) ? ("image" as const) : ("video" as const) }),
      fields: {
        ...(hashStatus !== undefined && { hashStatus }),
        ...(isObject(caseNumbers) && { caseNumbers }),
        ...(Array.isArray(CSPFeedbacks) && CSPFeedbacks.length > 0 && { CSPFeedbacks }),
      },
    };
    sink.add(entry, at);
  }
}

const typeNames = { pdq: "ImagePDQ", md5: "VideoMD5" } as const;
const otherNames = new Set(["VideoTMK", "Text", "URL", "Unknown"]);

/** Writes a record for each hash, as one page. */
class StopNciiWriter implements FormatWriter {
  #count = 0;
  #newest = 0;

  begin(): string {
    return '{"hashRecords":[';
  }

  entry(entry: ListEntry, lost: CountLoss): string {
    const { media, fields = {}, time, others = [] } = entry;
    const hashes: [string, string][] = [];
    for (const { type, value } of entry.signals) {
      if (type === "pdq") hashes.push([typeNames.pdq, value]);
      else if (type === "md5" && media === "video") hashes.push([typeNames.md5, value]);
      else if (type === "md5") lost("signals.md5 of no video");
    }
    for (const { type, value } of others) {
      if (otherNames.has(type) && value !== "") hashes.push([type, value]);
      else lost(`others.${shownName(type)}`);
    }
    leaveOutSignals(entry, lost, ["pdq", "md5"], hashes.length);
    leaveOut(entry, lost, ["id", "quality", "crop"]);
    leaveOutFields(entry, lost, ["hashStatus", "caseNumbers", "CSPFeedbacks"]);
    const kinds = new Set(hashes.map(([type]) => /^(image|video)/i.exec(type)?.[1]?.toLowerCase()));
    if (media !== undefined && !(kinds.size === 1 && kinds.has(media))) lost("media");
    if (time !== undefined && time % 1000 !== 0) lost("time below a second");
    const seconds = time === undefined ? undefined : Math.floor(time / 1000);
    if (seconds !== undefined && seconds > this.#newest && hashes.length > 0) this.#newest = seconds;
    const hashStatus = statusOf(entry);
    if (fields["hashStatus"] !== undefined && fields["hashStatus"] !== hashStatus) lost("fields.hashStatus");
    const about = {
      ...(seconds !== undefined && { lastModtimestamp: seconds }),
      hashStatus,
      caseNumbers: casesOf(entry, fields["caseNumbers"], lost),
      CSPFeedbacks: feedbacksOf(entry, lost),
    };
    return hashes
      .map(([signalType, hashValue]) => {
        const record = JSON.stringify({ signalType, hashValue, ...about });
        return `${this.#count++ === 0 ? "" : ","}\n${record}`;
      })
      .join("");
  }

  end(): string {
    const about = { count: this.#count, nextPageToken: "", nextSetTimestamp: this.#newest, hasMoreRecords: false };
    return `\n],${JSON.stringify(about).slice(1)}\n`;
  }
}

/** Returns the status that the record had before, if it means the same. */
function statusOf({ status, fields = {} }: ListEntry): string {
  const before = fields["hashStatus"];
  const same =
    typeof before === "string" && statuses.includes(before) && isWithdrawnStatus(before) === (status === "withdrawn");
  return same ? before : status === "withdrawn" ? "Withdrawn" : "Active";
}

function casesOf({ cases, status }: ListEntry, before: unknown, lost: CountLoss): Record<string, unknown> {
  const was = isObject(before) ? before : {};
  // A withdrawn record withdraws its cases, and the entry then has them no longer.
  if (status === "withdrawn" && cases.some((number) => was[number] === undefined)) lost("cases of withdrawn entries");
  const now = cases.map((number) => [number, was[number] ?? (status === "withdrawn" ? "Withdrawn" : "Active")]);
  return {
    ...Object.fromEntries(Object.entries(was).filter(([, one]) => isWithdrawnStatus(one))),
    ...Object.fromEntries(now),
  };
}

/** Returns the feedback that there was. Labels that it does not have become tags of a feedback without a verdict. */
function feedbacksOf({ labels, fields = {} }: ListEntry, lost: CountLoss): unknown[] {
  const before = Array.isArray(fields["CSPFeedbacks"]) ? (fields["CSPFeedbacks"] as unknown[]) : [];
  const there = labelsOf(before);
  const tags: string[] = [];
  const verdicts: unknown[] = [];
  for (const label of labels) {
    if (there.some((one) => sameLabel(one, label))) continue;
    if (label.version !== undefined) lost("labels.version");
    const tag = tagText(label, "\n");
    if (label.scheme === "stopncii" && label.code !== "None")
      verdicts.push({ source: "", feedbackValue: label.code, tags: [] });
    else if (tag === undefined) lost("labels");
    else tags.push(tag);
  }
  return [...before, ...verdicts, ...(tags.length > 0 ? [{ source: "", feedbackValue: "None", tags }] : [])];
}

export const stopncii: WritableFormat = {
  sniff: (head) => {
    const bare = head.kind === "json-array" && head.hasMember("hashValue");
    return bare || (head.kind === "json-object" && head.hasMember("hashRecords")) ? "certain" : "no";
  },
  read: (sink, { maxEntryBytes, head }) => new StopNciiReader(sink, maxEntryBytes, head.kind === "json-array"),
  write: () => new StopNciiWriter(),
};
