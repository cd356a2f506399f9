/** ThreatExchange: the pages of `threat_updates`. */
import type { ListEntry, Signal, Label, ListPosition, OtherSignal } from "../entry.js";
import { JsonReader } from "../readers/json-reader.js";
import type { Format, FormatReader } from "../format.js";
import type { Sink } from "../sink.js";
import { distinctLabels, tagLabel } from "./tags.js";
import { isObject, numberOf, signalType, textOf, timeOf, unixTime } from "../values.js";

/** An opinion about an entry, in python-threatexchange's words. */
type Opinion = "POSITIVE_CLASS" | "NEGATIVE_CLASS" | "INVESTIGATION_SEED";

const opinionOf = (status: unknown): Opinion =>
  status === "MALICIOUS" ? "POSITIVE_CLASS" : status === "NON_MALICIOUS" ? "NEGATIVE_CLASS" : "INVESTIGATION_SEED";

/** `{data: […]}` or the array itself. */
function rows(value: unknown): unknown[] {
  const list = isObject(value) ? value["data"] : value;
  return Array.isArray(list) ? list : [];
}

/** `["a"]`, or `{data: [{text: "a"}]}`. */
function tagsOf(value: unknown): string[] {
  return rows(value)
    .map((tag) => textOf(isObject(tag) ? tag["text"] : tag))
    .filter((tag) => tag !== undefined);
}

/**
 * Collects the opinions of owners. A reaction counts if its owner has no descriptor, and agreement goes before dissent.
 */
function opinions(descriptors: readonly Record<string, unknown>[]): Opinion[] {
  const explicit = new Map<string, Opinion>();
  const implicit = new Map<string, Opinion>();
  for (const descriptor of descriptors) {
    const owner = isObject(descriptor["owner"]) ? textOf(descriptor["owner"]["id"]) : undefined;
    if (owner !== undefined) explicit.set(owner, opinionOf(descriptor["status"]));
    for (const reaction of rows(descriptor["reactions"])) {
      if (!isObject(reaction) || typeof reaction["value"] !== "string") continue;
      for (const by of reaction["value"].split(",")) {
        if (reaction["key"] === "HELPFUL") implicit.set(by, "POSITIVE_CLASS");
        else if (reaction["key"] === "DISAGREE_WITH_TAGS" && !implicit.has(by)) implicit.set(by, "NEGATIVE_CLASS");
      }
    }
  }
  return [...new Map([...implicit, ...explicit]).values()];
}

/** Sums opinions up in one word. */
function category(of: readonly Opinion[]): Opinion | "DISPUTED" {
  const [positive, negative] = [of.includes("POSITIVE_CLASS"), of.includes("NEGATIVE_CLASS")];
  if (positive && negative) return "DISPUTED";
  return positive ? "POSITIVE_CLASS" : negative ? "NEGATIVE_CLASS" : "INVESTIGATION_SEED";
}

class ThreatExchangeReader implements FormatReader {
  readonly #sink: Sink;
  readonly #json: JsonReader;

  constructor(sink: Sink, maxEntryBytes: number) {
    this.#sink = sink;
    this.#json = new JsonReader(sink, {
      paths: ["$.data.*", "$.paging"],
      entryDepth: 2,
      maxEntryBytes,
      list: "data",
      take: (value, key) => (typeof key === "number" ? this.#update(value) : this.#paging(value)),
    });
  }

  write(bytes: Uint8Array): void {
    this.#json.write(bytes);
  }

  end(): void {
    this.#json.end();
    const { page } = this.#sink;
    page.more ??= page.next !== undefined;
    // What the next call of threat_updates begins with.
    if (page.lastTime !== undefined) page.importCursor = String(Math.floor(page.lastTime / 1000));
  }

  /** The link `next` contains an access token, so only the cursor is kept. */
  #paging(paging: unknown): void {
    if (!isObject(paging)) return;
    const { page } = this.#sink;
    const after = isObject(paging["cursors"]) ? textOf(paging["cursors"]["after"]) : undefined;
    page.more = textOf(paging["next"]) !== undefined;
    if (page.more && after !== undefined) page.next = after;
  }

  #update(update: unknown): void {
    const sink = this.#sink;
    const at: ListPosition = { entry: ++sink.count, byte: this.#json.entryByte };
    if (!isObject(update)) return sink.skip(at, "bad-syntax", "an update is an object");
    const id = textOf(update["id"]);
    if (id === undefined) return sink.skip(at, "missing-field", "the id is missing", "id");
    const { last_updated: updated } = update;
    const read = numberOf(updated) === undefined ? timeOf : unixTime;
    const time = sink.time(updated, at, "last_updated", read);
    const common = { id, cases: [], ...(time !== undefined && { time }) };
    // An update without descriptors is a deletion too, whatever its should_delete is.
    const all = rows(update["descriptors"]).filter(isObject);
    if (update["should_delete"] === true || update["descriptors"] === undefined) {
      return sink.add({ ...common, signals: [], labels: [], status: "withdrawn" }, at);
    }
    const descriptors = all.filter((descriptor) => isObject(descriptor["owner"]));
    if (descriptors.length === 0) return sink.skip(at, "missing-field", "no descriptor has an owner", "descriptors");
    if (descriptors.length < all.length) sink.flaw(at, "a descriptor without an owner is skipped", "descriptors");
    const tags = [...new Set([update, ...descriptors].flatMap((one) => tagsOf(one["tags"])))];
    const name = textOf(update["type"]);
    if (name === undefined) return sink.skip(at, "missing-field", "the type is missing", "type");
    const found = this.#signal(name, tags, update["indicator"], at);
    if (found === undefined) return;
    const labels: Label[] = [
      { scheme: "threatexchange", code: category(opinions(descriptors)) },
      ...tags.map(tagLabel),
    ];
    const entry: ListEntry = {
      ...common,
      ...found,
      labels: distinctLabels(labels),
      status: "active",
      ...(/VIDEO/.test(name) || tags.includes("media_type_video") ? { media: "video" as const } : {}),
      fields: { type: name, descriptors },
    };
    sink.add(entry, at);
  }

  #signal(
    name: string,
    tags: readonly string[],
    indicator: unknown,
    at: ListPosition,
  ): { signals: Signal[]; others?: OtherSignal[] } | undefined {
    // A prototype has its type in a tag.
    const tagged = tags.find((tag) => tag.startsWith("signal_type:"))?.slice("signal_type:".length);
    const type = signalType(name === "DEBUG_STRING" && tagged !== undefined ? tagged : name);
    if (type === undefined) return { signals: [], others: [{ type: tagged ?? name, value: String(indicator) }] };
    const signal = this.#sink.signal(type, indicator, at, "indicator", true);
    return signal && { signals: [signal] };
  }
}

export const threatExchange: Format = {
  sniff: (head) => (head.kind === "json-object" && head.hasArray("data") ? "certain" : "no"),
  read: (sink, { maxEntryBytes }) => new ThreatExchangeReader(sink, maxEntryBytes),
};
