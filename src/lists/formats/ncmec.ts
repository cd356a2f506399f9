/** NCMEC's hash sharing v2: the answer to a query of entries, a page or many. */
import type { ListEntry, Signal, Label, ListPosition, OtherSignal } from "../entry.js";
import type { Format, FormatReader } from "../format.js";
import type { Sink } from "../sink.js";
import { signalType, timeOf } from "../values.js";
import { type XmlHandler, XmlReader } from "../readers/xml-reader.js";

const elements = new Map<string, { media: "image" | "video"; deleted: boolean }>([
  ["image", { media: "image", deleted: false }],
  ["video", { media: "video", deleted: false }],
  ["deletedImage", { media: "image", deleted: true }],
  ["deletedVideo", { media: "video", deleted: true }],
]);

const classifications = new Set(["A1", "A2", "B1", "B2"]);

/** An entry while its element is open. */
interface Open {
  at: ListPosition;
  depth: number;
  media: "image" | "video";
  deleted: boolean;
  member?: string;
  memberName?: string;
  id?: string;
  time?: number;
  labels: Label[];
  signals: Signal[];
  others: OtherSignal[];
  feedback: { kind: string; type: string; time: string }[];
}

/** What an `images` or `videos` element says of itself. */
interface Group {
  name: string;
  stated: number | undefined;
  before: number;
}

class NcmecReader implements FormatReader, XmlHandler {
  readonly #sink: Sink;
  readonly #xml: XmlReader;
  #open: Open | undefined;
  #group: Group | undefined;
  #checkpoint: number | undefined;
  /** The element that the open entry is in: fingerprints, categorizations, feedback. */
  #part = "";

  constructor(sink: Sink, maxEntryBytes: number) {
    this.#sink = sink;
    this.#xml = new XmlReader(sink, maxEntryBytes, this);
  }

  write(bytes: Uint8Array): void {
    this.#xml.write(bytes);
  }

  end(): void {
    this.#xml.end();
    const { page } = this.#sink;
    page.more = page.next !== undefined;
    if (this.#checkpoint === undefined) return;
    page.importCursor = new Date(this.#checkpoint).toISOString();
    if (this.#checkpoint > (page.lastTime ?? -1)) page.lastTime = this.#checkpoint;
  }

  open(name: string, attributes: Record<string, string>): void {
    const entry = this.#open;
    if (entry !== undefined) return this.#inside(entry, name, attributes);
    const { depth } = this.#xml;
    if (depth === 1 && name !== "queryResult") {
      throw this.#sink.fatal(
        { entry: 0, line: this.#xml.line },
        "this XML is no queryResult of NCMEC's hash sharing v2",
      );
    }
    const kind = elements.get(name);
    if (kind !== undefined && depth === 3) {
      const at = { entry: ++this.#sink.count, line: this.#xml.line };
      this.#open = { at, depth, ...kind, labels: [], signals: [], others: [], feedback: [] };
    } else if (depth === 2 && (name === "images" || name === "videos")) this.#beginGroup(name, attributes);
  }

  close(name: string, text: string): void {
    const depth = this.#xml.depth + 1;
    const entry = this.#open;
    if (entry === undefined) {
      if (depth === 2 && name === this.#group?.name) this.#endGroup(this.#group);
      if (depth === 3 && name === "next" && text.trim() !== "") this.#sink.page.next = text.trim();
      return;
    }
    if (depth === entry.depth) {
      this.#open = undefined;
      this.#give(entry);
      this.#xml.mark();
    } else if (depth === entry.depth + 1) {
      this.#part = "";
      this.#value(entry, name, text.trim());
    } else if (this.#part === "fingerprints" && depth === entry.depth + 2) this.#fingerprint(entry, name, text.trim());
    else if (this.#part === "categorizations" && name === "guid" && text.trim() !== "") {
      entry.labels.push({ scheme: "ncmec-categorization", code: text.trim() });
    }
  }

  #inside(entry: Open, name: string, attributes: Record<string, string>): void {
    const depth = this.#xml.depth;
    if (depth === entry.depth + 1) {
      if (name === "member") entry.member = attributes["id"]?.trim() ?? "";
      else this.#part = name === "categorization" ? "categorizations" : name;
    } else if (this.#part === "fingerprints" && attributes["href"] !== undefined) {
      // A large fingerprint has to be fetched from an address, which must not be kept.
      entry.others.push({ type: name, value: "" });
    } else if (this.#part === "feedback" && (name === "affirmativeFeedback" || name === "negativeFeedback")) {
      const time = attributes["lastUpdateTimestamp"] ?? "";
      entry.feedback.push({ kind: name.slice(0, -"Feedback".length), type: attributes["type"] ?? "", time });
    } else if (this.#part === "categorizations") {
      const guid = (attributes["guid"] ?? attributes["id"])?.trim();
      if (guid) entry.labels.push({ scheme: "ncmec-categorization", code: guid });
    }
  }

  #value(entry: Open, name: string, text: string): void {
    if (name === "id") entry.id = text;
    else if (name === "member") entry.memberName = text;
    else if (name === "timestamp") {
      const time = this.#sink.time(text, entry.at, "timestamp");
      if (time !== undefined) entry.time = time;
    } else if (name === "classification" && text !== "") {
      if (classifications.has(text)) entry.labels.push({ scheme: "ncmec", version: "2", code: text });
      else this.#sink.flaw(entry.at, "Expected one of A1, A2, B1, B2", "classification");
    }
  }

  #fingerprint(entry: Open, name: string, text: string): void {
    if (text === "") return;
    const type = signalType(name);
    if (type === undefined) {
      entry.others.push({ type: name, value: text });
      return;
    }
    const signal = this.#sink.signal(type, text, entry.at, name);
    if (signal !== undefined) entry.signals.push(signal);
  }

  #give(open: Open): void {
    const { at, member, id, deleted, media, others, feedback, memberName, time } = open;
    if (!member) return this.#sink.skip(at, "missing-field", "the member's id is missing", "member");
    if (!id) return this.#sink.skip(at, "missing-field", "the id is missing", "id");
    const fields: Record<string, unknown> = { member: memberName ?? "" };
    if (feedback.length > 0) fields["feedback"] = feedback;
    const entry: ListEntry = {
      // Another member may have the same id.
      id: `${member}/${id}`,
      signals: deleted ? [] : open.signals,
      labels: open.labels,
      cases: [],
      status: deleted ? "withdrawn" : "active",
      media,
      fields,
    };
    if (others.length > 0) entry.others = others;
    if (time !== undefined) entry.time = time;
    this.#sink.add(entry, at);
  }

  #beginGroup(name: string, attributes: Record<string, string>): void {
    const stated = attributes["count"];
    const whole = stated !== undefined && /^\d+$/.test(stated) ? Number(stated) : undefined;
    this.#group = { name, stated: whole, before: this.#sink.count };
    const newest = timeOf(attributes["maxTimestamp"]);
    if (newest === undefined) this.#sink.flaw({ entry: 0, line: this.#xml.line }, "Expected a time", "maxTimestamp");
    else if (newest !== null && newest > (this.#checkpoint ?? -1)) this.#checkpoint = newest;
  }

  #endGroup({ name, stated, before }: Group): void {
    const got = this.#sink.count - before;
    if (stated !== undefined && stated !== got) {
      const reason = `${name} states ${stated} entries and has ${got}`;
      this.#sink.flaw({ entry: 0, line: this.#xml.line }, reason, "count", "wrong-count");
    }
    this.#group = undefined;
  }
}

export const ncmec: Format = {
  sniff: ({ kind }) => (kind === "xml" ? "certain" : "no"),
  read: (sink, { maxEntryBytes }) => new NcmecReader(sink, maxEntryBytes),
};
