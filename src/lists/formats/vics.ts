/**
 * Project VIC's VICS 1.x and 2.0: hash sets (Media) and cases (Cases with Media). The specification is shared under
 * agreement only. This follows what open exporters write.
 */
import type { ListEntry, Signal, Label, ListPosition, OtherSignal } from "../entry.js";
import { JsonReader } from "../readers/json-reader.js";
import type { CountLoss, Format, FormatReader, FormatWriter, WritableFormat } from "../format.js";
import type { Head } from "../head.js";
import { leaveOut, leaveOutFields, writable } from "../losses.js";
import type { Sink } from "../sink.js";
import { distinctLabels, tagLabel, tagText } from "./tags.js";
import { booleanOf, isObject, numberOf, shownName, signalType, textOf } from "../values.js";

/** The members of a Media that are kept as they are, and the type of each. */
const vicsFields: Readonly<Record<string, "boolean" | "number" | "text" | "any">> = {
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

interface VicsHead {
  /** Whose categories the file has: "us", "uk", …; undefined if neither the file nor the caller says. */
  nation: string | undefined;
  version: "1.3" | "2.0";
  /** Whether the media are in cases. */
  cases: boolean;
}

/** The members of a case that are read. They come before its media. */
const caseMembers = ["CaseID", "CaseNumber"] as const;

class VicsReader implements FormatReader {
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
    // A member that was read already belongs to the next case.
    if (name in this.#case) this.#case = {};
    this.#case[name] = value;
  }

  #media(media: unknown): void {
    const sink = this.#sink;
    const at: ListPosition = { entry: ++sink.count, byte: this.#json.entryByte };
    if (!isObject(media)) return sink.skip(at, "bad-syntax", "a Media is an object");
    const id = this.#id(media, at);
    const { signals, others } = this.#signals(media, at);
    const time = sink.time(media["DateUpdated"], at, "DateUpdated");
    const fields = this.#fields(media, at);
    const mime = fields?.["MimeType"];
    const kind = typeof mime === "string" ? /^(image|video)\//i.exec(mime)?.[1]?.toLowerCase() : undefined;
    const number = this.#case["CaseNumber"] ?? this.#case["CaseID"];
    const labels = this.#labels(media, at);
    const cases = this.#head.cases && number !== undefined ? [number] : [];
    const entry: ListEntry = { signals, labels, cases, status: "active" };
    if (id !== undefined) entry.id = id;
    if (others.length > 0) entry.others = others;
    if (time !== undefined) entry.time = time;
    if (kind !== undefined) entry.media = kind as "image" | "video";
    if (fields !== undefined) entry.fields = fields;
    sink.add(entry, at);
  }

  /** A MediaID is unique within its case only. */
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

  #signals(media: Record<string, unknown>, at: ListPosition): { signals: Signal[]; others: OtherSignal[] } {
    const signals: Signal[] = [];
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

  #labels(media: Record<string, unknown>, at: ListPosition): Label[] {
    const labels: Label[] = [];
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

const names = { md5: "MD5", sha1: "SHA1", sha256: "SHA256", pdq: "PDQ" } as const;

/** A hash for which VICS has no member, PDQ among them. It goes to `AlternativeHashes` with its name. */
interface AlternativeHash {
  HashName: string;
  HashValue: string;
}

/**
 * Writes a hash set of VICS 2.0: a Media for each entry, with hex digits in upper case as other programs write them.
 */
class VicsWriter implements FormatWriter {
  /** Whose categories are written: "us", "uk", …; undefined for categories without a nation. */
  readonly #nation: string | undefined;
  #count = 0;
  /**
   * Whether media are numbered here, which is when the first entry's id is not a number. Ids and numbers must not be
   * mixed.
   */
  #counted: boolean | undefined;

  constructor(nation: string | undefined) {
    this.#nation = nation;
  }

  begin(): string {
    const nation = this.#nation?.toUpperCase() ?? "Default";
    const context = `http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/${nation}/$metadata#Media`;
    return `{"@odata.context":${JSON.stringify(context)},"value":[`;
  }

  entry(entry: ListEntry, lost: CountLoss): string {
    if (!writable(entry, lost)) return "";
    const hashes: Record<string, unknown> = {};
    const alternatives = this.#hashes(entry, hashes, lost);
    if (Object.keys(hashes).length === 0 && alternatives.length === 0) {
      lost("entries without a hash that it can hold");
      return "";
    }
    const id = this.#id(entry.id, lost);
    const label = this.#category(entry.labels);
    const media: Record<string, unknown> = {
      ...(id !== undefined && { MediaID: id }),
      ...(label !== undefined && { Category: Number(label.code) }),
      ...hashes,
    };
    if (alternatives.length > 0) media["AlternativeHashes"] = alternatives;
    if (entry.time !== undefined) media["DateUpdated"] = new Date(entry.time).toISOString();
    const tags = this.#tags(entry.labels, label, lost);
    if (tags !== "") media["Tags"] = tags;
    for (const [name, value] of Object.entries(entry.fields ?? {})) if (name in vicsFields) media[name] = value;
    leaveOut(entry, lost, ["cases", "quality", "crop"]);
    leaveOutFields(entry, lost, Object.keys(vicsFields));
    if (entry.media !== undefined && !String(entry.fields?.["MimeType"]).startsWith(`${entry.media}/`)) lost("media");
    return `${this.#count++ === 0 ? "" : ","}\n${JSON.stringify(media)}`;
  }

  end(): string {
    return "\n]}\n";
  }

  #id(id: string | undefined, lost: CountLoss): number | undefined {
    const own = id !== undefined && /^(0|[1-9]\d{0,14})$/.test(id);
    this.#counted ??= !own;
    if (id !== undefined && (this.#counted || !own)) lost("id");
    if (this.#counted) return this.#count + 1;
    return own ? Number(id) : undefined;
  }

  /** Returns the first label that is a category of this nation. */
  #category(labels: readonly Label[]): Label | undefined {
    const scheme = this.#nation === undefined ? "vics" : `vics-${this.#nation}`;
    return labels.find((label) => label.scheme === scheme && /^(0|-?[1-9]\d{0,8})$/.test(label.code));
  }

  /** Writes the first MD5 and SHA1 to their members, and returns the other hashes. */
  #hashes(entry: ListEntry, media: Record<string, unknown>, lost: CountLoss): AlternativeHash[] {
    const alternatives: AlternativeHash[] = [];
    for (const { type, value } of entry.signals) {
      const HashValue = value.toUpperCase();
      if (type === "vpdq") lost("signals.vpdq");
      else if ((type === "md5" || type === "sha1") && media[names[type]] === undefined) media[names[type]] = HashValue;
      else alternatives.push({ HashName: names[type], HashValue });
    }
    for (const { type, value } of entry.others ?? []) {
      if (value.trim() === "" || value.trim() !== value || type.trim() !== type || signalType(type) !== undefined)
        lost(`others.${shownName(type)}`);
      else alternatives.push({ HashName: type, HashValue: value });
    }
    return alternatives;
  }

  #tags(labels: readonly Label[], category: Label | undefined, lost: CountLoss): string {
    const tags: string[] = [];
    if (category !== undefined && category.version !== "2.0") lost("labels.version");
    for (const label of distinctLabels(labels)) {
      if (label === category) continue;
      if (label.version !== undefined) lost("labels.version");
      const tag = tagText(label, ",");
      if (tag === undefined) lost("labels");
      else tags.push(tag);
    }
    return tags.join(",");
  }
}

/** Reads what a file says of itself before its media. */
function vicsHead({ text }: Head, version: "1.3" | "2.0", nation: string | undefined): VicsHead {
  const context = /"@?odata\.(?:context|metadata)"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? "";
  const named = /\.xml\/([A-Za-z]+)\//.exec(context)?.[1]?.toLowerCase();
  const media = text.search(/"MediaID"|"MD5"/);
  const list = text.search(/"Media"\s*:\s*\[/);
  return {
    version,
    nation: nation ?? (named === "default" || named === "custom" ? undefined : named),
    cases: context.endsWith("#Cases") || (list >= 0 && (media < 0 || list < media)),
  };
}

export const vics1: Format = {
  sniff: (head) => (head.kind === "json-object" && head.hasMember("odata.metadata") ? "certain" : "no"),
  read: (sink, { maxEntryBytes, head, nation }) => new VicsReader(sink, maxEntryBytes, vicsHead(head, "1.3", nation)),
};

export const vics2: WritableFormat = {
  sniff: (head) => {
    if (head.kind !== "json-object") return "no";
    if (head.hasMember("@odata.context")) return "certain";
    // Exporters leave the head out when nobody asks for it.
    return head.hasArray("value") ? "possible" : "no";
  },
  read: (sink, { maxEntryBytes, head, nation }) => new VicsReader(sink, maxEntryBytes, vicsHead(head, "2.0", nation)),
  write: ({ nation }) => new VicsWriter(nation),
};
