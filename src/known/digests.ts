import type { DigestType, FileDigests } from "../image/input/digest.js";
import type { ListEntry } from "../lists/entry.js";
import type { ListMatch } from "./list-match.js";

const types: readonly DigestType[] = ["md5", "sha1", "sha256"];

/** The digests of lists, each with its place. They are maps next to the index. */
export class KnownDigests {
  readonly #first = new Map<string, number>();
  readonly #types = new Set<DigestType>();
  /** For each digest: its list, line and metadata, and the number of the next one with the same value, from 1. */
  readonly #list: string[] = [];
  readonly #line: number[] = [];
  readonly #metadata: string[] = [];
  readonly #next: number[] = [];

  get size(): number {
    return this.#list.length;
  }

  /** The types that any entry has. Only these need to be computed for a query. */
  get types(): DigestType[] {
    return types.filter((type) => this.#types.has(type));
  }

  /** Adds the digests of an entry, and returns how many it has. */
  add(entry: ListEntry, list: string, line: number, metadata: string): number {
    let count = 0;
    for (const { type, value } of entry.signals) {
      if (type === "pdq" || type === "vpdq") continue;
      // The length determines the type. Bytes take half the memory of digits.
      const key = Buffer.from(value, "hex").toString("latin1");
      this.#types.add(type);
      this.#next.push(this.#first.get(key) ?? 0);
      this.#list.push(list);
      this.#line.push(line);
      this.#metadata.push(metadata);
      this.#first.set(key, this.#list.length);
      count++;
    }
    return count;
  }

  /** Returns the entries with one of the digests, in the order of the lists. */
  search(digests: FileDigests): ListMatch[] {
    const found: [number, ListMatch][] = [];
    for (const type of types) {
      const value = digests[type];
      if (value === undefined) continue;
      const key = Buffer.from(value, "hex").toString("latin1");
      for (let at = this.#first.get(key) ?? 0; at > 0; at = this.#next[at - 1]!) {
        const i = at - 1;
        const about = { list: this.#list[i]!, line: this.#line[i]!, metadata: this.#metadata[i]! };
        found.push([at, { distance: 0, orientation: "orig", ...about, type }]);
      }
    }
    return found.sort(([a], [b]) => a - b).map(([, match]) => match);
  }
}
