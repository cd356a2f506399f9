import { mostCrops, splitCropMetadata } from "../lists/crops.js";
import type { IndexMatch } from "../search/match.js";
import type { Entries } from "./entries.js";
import type { ListMatch } from "./list-match.js";
import type { LoadedList } from "./read-lists.js";

/** The place of a hash. */
interface Place {
  /** One hash for all hashes of the entry. */
  entry: number;
  list: string;
  line: number;
  /** The name of the crop that it is the hash of. */
  crop?: string;
}

/** Finds the entries of lists that hashes belong to. Make one for each search: it keeps what it has found. */
export class EntryFinder {
  readonly #entries: Entries;
  readonly #lists: readonly LoadedList[];
  /** The first hash that was found of each line. */
  readonly #found = new Map<string, number>();

  constructor(entries: Entries, lists: readonly LoadedList[]) {
    this.#entries = entries;
    this.#lists = lists;
  }

  /** Returns one hash for all hashes of an entry: those of its line, and those of its crop lines. */
  readonly entryOf = (id: number): number => this.#placeOf(id).entry;

  /** Returns each entry once, by the first of its hashes. */
  matches(hashes: readonly IndexMatch[]): ListMatch[] {
    const seen = new Set<number>();
    return hashes.flatMap(({ id, crop: _crop, ...match }): ListMatch[] => {
      const { entry, ...place } = this.#placeOf(id);
      if (seen.has(entry)) return [];
      seen.add(entry);
      return [{ ...match, ...place, metadata: this.#entries.metadata(entry), type: "pdq" }];
    });
  }

  #placeOf(id: number): Place {
    const split = splitCropMetadata(this.#entries.metadata(id));
    const own = split === undefined ? id : this.#originalOf(id, split.image);
    const { name: list, first } = this.#listOf(own);
    const line = this.#entries.line(own);
    const key = `${first} ${line}`;
    const entry = this.#found.get(key) ?? own;
    if (entry === own) this.#found.set(key, own);
    return { entry, list, line, ...(own !== id && { crop: split!.name }) };
  }

  /**
   * Returns the hash of the image that a crop line belongs to. Crop lines follow the line of their image without a gap
   * and repeat its metadata. Any other hash, also that of a crop line without its image, is an entry of its own.
   */
  #originalOf(id: number, image: string): number {
    const { first } = this.#listOf(id);
    const line = this.#entries.line(id);
    for (let at = id - 1; at >= first && at >= id - mostCrops; at--) {
      if (this.#entries.line(at) !== line - (id - at)) return id;
      const metadata = this.#entries.metadata(at);
      if (metadata === image) return at;
      if (splitCropMetadata(metadata)?.image !== image) return id;
    }
    return id;
  }

  /** Returns the list of a hash, and its first hash. */
  #listOf(id: number): { name: string; first: number } {
    let first = 0;
    for (const { name, entries } of this.#lists) {
      if (id < first + entries) return { name, first };
      first += entries;
    }
    // In a file that is searched before it is verified an id may be any number: `line` has refused it.
    return { name: "", first };
  }
}
