/** Tech Against Terrorism's hash list v2: the pages of `api/hash-list/v2/…`. */
import type { ListEntry, ListPosition } from "../entry.js";
import { JsonReader } from "../readers/json-reader.js";
import type { Format, FormatReader } from "../format.js";
import type { Sink } from "../sink.js";
import { booleanOf, isObject, signalType, textOf } from "../values.js";

const videoTypes = /^\.?(mp4|m4v|mov|webm|avi|mkv|mpe?g|wmv|3gp|flv)$|^video\//i;
const imageTypes = /^\.?(jpe?g|png|gif|webp|bmp|tiff?|avif|heic)$|^image\//i;

class TechAgainstTerrorismReader implements FormatReader {
  readonly #sink: Sink;
  readonly #json: JsonReader;

  constructor(sink: Sink, maxEntryBytes: number) {
    this.#sink = sink;
    this.#json = new JsonReader(sink, {
      paths: ["$.results.*", "$.next", "$.checkpoint"],
      entryDepth: 2,
      maxEntryBytes,
      list: "results",
      take: (value, key) => (typeof key === "number" ? this.#result(value) : this.#about(String(key), value)),
    });
  }

  write(bytes: Uint8Array): void {
    this.#json.write(bytes);
  }

  end(): void {
    this.#json.end();
    this.#sink.page.more = this.#sink.page.next !== undefined;
  }

  #about(key: string, value: unknown): void {
    const text = textOf(value);
    if (text === undefined) return;
    if (key === "next") this.#sink.page.next = text;
    else this.#sink.page.importCursor = text;
  }

  #result(result: unknown): void {
    const sink = this.#sink;
    const at: ListPosition = { entry: ++sink.count, byte: this.#json.entryByte };
    if (!isObject(result)) return sink.skip(at, "bad-syntax", "a result is an object");
    const id = textOf(result["id"]);
    const deleted = result["deleted"] === undefined ? false : booleanOf(result["deleted"]);
    if (id === undefined) return sink.skip(at, "missing-field", "the id is missing", "id");
    if (deleted === undefined) return sink.skip(at, "bad-field", "Expected true or false", "deleted");
    const name = textOf(result["algorithm"]);
    const type = name === undefined ? undefined : signalType(name);
    const digest = result["hash_digest"];
    if (name === undefined && !deleted) return sink.skip(at, "missing-field", "the algorithm is missing", "algorithm");
    const signal = type !== undefined && !deleted && sink.signal(type, digest, at, "hash_digest", true);
    if (type !== undefined && !signal && !deleted) return;
    const time = sink.time(result["updated_on"] ?? result["created_on"], at, "updated_on");
    const ideology = textOf(result["ideology"]);
    const fileType = textOf(result["file_type"]);
    const media = videoTypes.test(fileType ?? "") ? "video" : imageTypes.test(fileType ?? "") ? "image" : undefined;
    const created = textOf(result["created_on"]);
    const entry: ListEntry = {
      id,
      signals: signal ? [signal] : [],
      ...(type === undefined && name !== undefined && { others: [{ type: name, value: String(digest) }] }),
      labels: ideology === undefined ? [] : [{ scheme: "tech-against-terrorism", code: ideology }],
      cases: [],
      status: deleted ? "withdrawn" : "active",
      ...(time !== undefined && { time }),
      ...(media !== undefined && { media }),
      fields: { ...(fileType && { file_type: fileType }), ...(created && { created_on: created }) },
    };
    sink.add(entry, at);
  }
}

export const techAgainstTerrorism: Format = {
  sniff: (head) => {
    if (head.kind !== "json-object" || !head.hasMember("results")) return "no";
    return head.hasMember("hash_digest") || head.hasMember("checkpoint") ? "certain" : "no";
  },
  read: (sink, { maxEntryBytes }) => new TechAgainstTerrorismReader(sink, maxEntryBytes),
};
