/**
 * Project VIC's VICS 1.x and 2.0: hash sets (Media) and cases (Cases with Media). The specification is shared under
 * agreement only; this follows what open exporters write.
 */
import type { ListedEntry, ListedSignal, ListLabel, ListPosition, OtherSignal } from "../entry.js";
import { JsonReader } from "../readers/json-reader.js";
import type { Feeder, Sink } from "../sink.js";
import { distinctLabels, tagLabel } from "./tags.js";
import { booleanOf, isObject, numberOf, shownName, signalType, textOf } from "../values.js";

/** Media members that are kept as they are, by what they hold. */
export const vicsFields: Readonly<Record<string, "boolean" | "number" | "text" | "any">> = {
  IsPrecategorized: "boolean",
  VictimIdentified: "boolean",
  OffenderIdentified: "boolean",
  IsDistributed: "boolean",
  IsSuspected: "boolean",
  SelfGenerated: "boolean",
  MediaSize: "number",
  Series: "text",
  Comments: "text",
  MimeType: "text",
  RelativeFilePath: "text",
  Exifs: "any",
  MediaFiles: "any",
};

const fieldKinds = Object.entries(vicsFields);

const readers = {
  boolean: booleanOf,
  number: numberOf,
  text: (value: unknown): string | undefined => (typeof value === "string" ? value : textOf(value)),
  any: (value: unknown): unknown => value,
};

export interface VicsHead {
  /** Whose categories these are: "us", "uk", …; undefined where the head does not say. */
  nation: string | undefined;
  version: "1.3" | "2.0";
  /** The media stand in cases. */
  cases: boolean;
}

/** The case that media are in: its members stand before them. */
const caseMembers = ["CaseID", "CaseNumber"] as const;

export class VicsReader implements Feeder {
  readonly #sink: Sink;
  readonly #json: JsonReader;
  readonly #head: VicsHead;
  #case: Record<string, string | undefined> = {};

  constructor(sink: Sink, maxEntryBytes: number, head: VicsHead) {
    this.#sink = sink;
    this.#head = head;
    const { cases } = head;
    this.#json = new JsonReader(sink, {
      paths: cases ? ["$.value.*.Media.*", ...caseMembers.map((name) => `$.value.*.${name}`)] : ["$.value.*"],
      entryDepth: cases ? 4 : 2,
      maxEntryBytes,
      take: (value, key) => {
        if (typeof key === "number") this.#media(value);
        else if (key !== undefined) this.#aboutCase(key, textOf(value));
      },
    });
  }

  get nation(): string | undefined {
    return this.#head.nation;
  }

  write(bytes: Uint8Array): void {
    this.#json.write(bytes);
  }

  end(): void {
    this.#json.end();
  }

  #aboutCase(name: string, value: string | undefined): void {
    // A member that is there already is the next case's.
    if (name in this.#case) this.#case = {};
    this.#case[name] = value;
  }

  #media(media: unknown): void {
    const sink = this.#sink;
    const at: ListPosition = { entry: ++sink.count, byte: this.#json.entryByte };
    if (!isObject(media)) return sink.problem(at, "a Media is an object");
    const id = this.#id(media, at);
    const { signals, others } = this.#signals(media, at);
    const time = sink.time(media["DateUpdated"], at, "DateUpdated");
    const fields = this.#fields(media, at);
    const mime = fields?.["MimeType"];
    const kind = typeof mime === "string" ? /^(image|video)\//i.exec(mime)?.[1]?.toLowerCase() : undefined;
    const number = this.#case["CaseNumber"] ?? this.#case["CaseID"];
    const labels = this.#labels(media, at);
    const cases = this.#head.cases && number !== undefined ? [number] : [];
    const entry: ListedEntry = { signals, labels, cases, status: "active" };
    if (id !== undefined) entry.id = id;
    if (others.length > 0) entry.others = others;
    if (time !== undefined) entry.time = time;
    if (kind !== undefined) entry.media = kind as "image" | "video";
    if (fields !== undefined) entry.fields = fields;
    sink.give(entry, at);
  }

  /** A MediaID is one of its case only. */
  #id(media: Record<string, unknown>, at: ListPosition): string | undefined {
    const id = media["MediaID"];
    const number = id === undefined || id === null ? null : numberOf(id);
    if (number === null) return undefined;
    if (number === undefined || !Number.isInteger(number)) {
      this.#sink.flaw(at, "Expected a whole number", "MediaID");
      return undefined;
    }
    const { CaseID } = this.#case;
    return this.#head.cases && CaseID !== undefined ? `${CaseID}/${number}` : String(number);
  }

  #signals(media: Record<string, unknown>, at: ListPosition): { signals: ListedSignal[]; others: OtherSignal[] } {
    const signals: ListedSignal[] = [];
    const others: OtherSignal[] = [];
    const add = (name: string, value: unknown, field: string): void => {
      const text = textOf(value);
      if (text === undefined) return;
      const type = signalType(name);
      if (type === undefined) {
        others.push({ type: name, value: text });
        return;
      }
      const signal = this.#sink.signal(type, text, at, field);
      if (signal === undefined) return;
      if (!signals.some((one) => one.type === signal.type && one.value === signal.value)) signals.push(signal);
    };
    for (const name of ["MD5", "SHA1", "SHA256", "PhotoDNA"]) add(name, media[name], name);
    const alternatives = media["AlternativeHashes"] ?? [];
    if (!Array.isArray(alternatives)) this.#sink.flaw(at, "Expected an array", "AlternativeHashes");
    else {
      for (const hash of alternatives) {
        const name = isObject(hash) ? textOf(hash["HashName"]) : undefined;
        if (name === undefined) this.#sink.flaw(at, "a hash has no name", "AlternativeHashes");
        else add(name, (hash as Record<string, unknown>)["HashValue"], `AlternativeHashes ${shownName(name)}`);
      }
    }
    return { signals, others };
  }

  #labels(media: Record<string, unknown>, at: ListPosition): ListLabel[] {
    const labels: ListLabel[] = [];
    const { Category, Tags } = media;
    if (Category !== undefined && Category !== null && Category !== "") {
      const code = numberOf(Category);
      const { nation, version } = this.#head;
      if (code === undefined || !Number.isInteger(code)) this.#sink.flaw(at, "Expected a whole number", "Category");
      else labels.push({ scheme: nation === undefined ? "vics" : `vics-${nation}`, version, code: String(code) });
    }
    const tags = Array.isArray(Tags) ? Tags : typeof Tags === "string" ? Tags.split(",") : [];
    for (const tag of tags) {
      const text = textOf(tag);
      if (text !== undefined) labels.push(tagLabel(text));
    }
    return distinctLabels(labels);
  }

  #fields(media: Record<string, unknown>, at: ListPosition): Record<string, unknown> | undefined {
    let fields: Record<string, unknown> | undefined;
    for (const [name, kind] of fieldKinds) {
      const given = media[name];
      if (given === undefined || given === null || given === "") continue;
      const value = readers[kind](given);
      if (value === undefined) this.#sink.flaw(at, `Expected ${kind === "boolean" ? "true or false" : kind}`, name);
      else (fields ??= {})[name] = value;
    }
    return fields;
  }
}
