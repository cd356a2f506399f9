import { boolean, integer, invalidArgument, options as known, signal as checkSignal } from "../check.js";
import { EmpreinteError } from "../errors.js";
import { type DihedralVariant, type DihedralHashes, dihedralVariants } from "../hash/pixels.js";
import { type HashLike, hashToBytes } from "../hash/value.js";
import { type ListForm, readBatches } from "../lists/batches.js";
import { checkReadOptions, type ReadListOptions } from "../lists/read-hash-list.js";
import { checkSource, type ListSource, sourceName } from "../lists/source.js";
import { type Hit, HashIndex } from "../search/hash-index.js";
import { Entries } from "./entries.js";

/** A list with the name that matches and problems are to give it. */
export interface NamedListSource {
  name: string;
  source: ListSource;
}

/** What was loaded of one list. */
export interface KnownList {
  /** Its path, or the name that was given. */
  name: string;
  form: ListForm;
  /** How many entries were loaded. */
  entries: number;
  /** How many lines could not be read or were refused. */
  problems: number;
}

/** The result of hashing a picture, or one of its frames. */
export interface MatchQuery {
  hash: HashLike;
  /** 0 … 100 */
  quality: number;
  stable: boolean;
  dihedral?: DihedralHashes;
}

export interface MatchOptions {
  /** Most differing bits, 0 … 256. Default 31, Meta's recommendation for PDQ. */
  radius?: number;
  /** Below this quality nothing matches: such a hash is close to unrelated pictures. Default 50; 0 for any. */
  minQuality?: number;
  /** Search the query's eight dihedral variants where it has them. Default true. */
  dihedral?: boolean;
  /** Also match hashes that are rounding noise (`stable: false`). Default false. */
  allowUnstable?: boolean;
}

export interface AsyncMatchOptions extends MatchOptions {
  signal?: AbortSignal;
}

/** A known hash near the query. A lead for a person to look at, not a verdict. */
export interface Match {
  /** Differing bits, 0 … 256. */
  distance: number;
  /** The name of the list. */
  list: string;
  /** The entry's line in the list, from 1. */
  entry: number;
  /** Which image of the query is nearest; of several the first in the order of `dihedralVariants`. */
  variant: DihedralVariant;
  /** What the list says of the entry. */
  metadata: string;
}

const matchOptionNames = ["radius", "minQuality", "dihedral", "allowUnstable"] as const;

interface Search {
  /** 32 bytes a variant, in the order of `dihedralVariants`; empty when the query must not match. */
  queries: Uint8Array;
  radius: number;
}

function checkSearch(query: MatchQuery, options: Partial<MatchOptions>): Search {
  if (typeof query !== "object" || query === null) throw invalidArgument("query", "{hash, quality, stable}", query);
  const quality = integer("quality", query.quality, 0, 100);
  const stable = boolean("stable", query.stable);
  const radius = integer("radius", options.radius ?? 31, 0, 256);
  const minQuality = integer("minQuality", options.minQuality ?? 50, 0, 100);
  const dihedral = boolean("dihedral", options.dihedral ?? true);
  const allowUnstable = boolean("allowUnstable", options.allowUnstable ?? false);
  const hash = hashToBytes(query.hash);
  if (quality < minQuality || (!stable && !allowUnstable)) return { queries: new Uint8Array(0), radius };
  if (!dihedral || query.dihedral === undefined) return { queries: hash, radius };
  const queries = new Uint8Array(32 * dihedralVariants.length);
  // The picture's own hash, not `dihedral.orig`: of a picture of exactly 64×64 pixels they may differ.
  dihedralVariants.forEach((name, i) => queries.set(i === 0 ? hash : hashToBytes(query.dihedral![name]), 32 * i));
  return { queries, radius };
}

/**
 * Lists of known hashes, loaded into an index together with what they say of each hash.
 *
 * @example
 * using known = await KnownHashes.load("known.csv");
 * const matches = await known.match(await hashImage("upload.jpg", { dihedral: true }));
 */
export class KnownHashes {
  readonly #index: HashIndex = new HashIndex();
  readonly #lists: KnownList[] = [];
  #entries: Entries = new Entries();
  #closed = false;

  private constructor() {}

  /**
   * Loads one list or several, in any form that `readHashList` reads. A line that cannot be read goes to `onProblem`, is
   * counted in `lists`, and the rest goes on.
   *
   * @throws {InvalidArgumentError}; `ERR_EMPREINTE_READ` when a list cannot be read at all; the signal's reason.
   */
  static async load(
    lists: ListSource | NamedListSource | readonly (ListSource | NamedListSource)[],
    options?: ReadListOptions,
  ): Promise<KnownHashes> {
    const checked = checkReadOptions(known(options, ["allowDegenerate", "onProblem", "signal"]));
    const sources = (Array.isArray(lists) ? lists : [lists]).map(named);
    const loaded = new KnownHashes();
    try {
      for (const { name, source } of sources) {
        const list: KnownList = { name, form: "unknown", entries: 0, problems: 0 };
        for await (const batch of readBatches(source, { ...checked, name })) {
          loaded.#index.addMany(batch.hashes);
          loaded.#entries.add(batch);
          list.form = batch.form;
          list.entries += batch.ends.length;
          list.problems += batch.problemLines.length;
        }
        loaded.#lists.push(list);
      }
      return loaded;
    } catch (error) {
      loaded.close();
      throw error;
    }
  }

  /** How many entries all lists have together. */
  get size(): number {
    return this.#index.size;
  }

  /** The lists in the order they were given. */
  get lists(): KnownList[] {
    return this.#lists.map((list) => ({ ...list }));
  }

  /**
   * The entries within the radius, each once, sorted by distance, then list, then line. None for a query below
   * `minQuality` or one that is not `stable`.
   *
   * On this thread: for short lists, where the way to another costs more than the search.
   * @throws {InvalidArgumentError} @throws {InvalidHashError} @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   */
  matchSync(query: MatchQuery, options?: MatchOptions): Match[] {
    this.#open();
    const { queries, radius } = checkSearch(query, known(options, matchOptionNames));
    return this.#matches(this.#index.searchManySync(queries, radius), this.#entries);
  }

  /** As `matchSync`, off this thread. Rejects with the signal's reason when aborted. */
  async match(query: MatchQuery, options?: AsyncMatchOptions): Promise<Match[]> {
    this.#open();
    const given = known(options, [...matchOptionNames, "signal"]);
    const { queries, radius } = checkSearch(query, given);
    const signal = checkSignal(given.signal);
    const entries = this.#entries; // stays when close() is called during the search
    return this.#matches(await this.#index.searchMany(queries, radius, signal && { signal }), entries);
  }

  /** Frees the hashes now. Any later call but `close` fails with `ERR_EMPREINTE_CLOSED`; searches that run then finish. */
  close(): void {
    this.#closed = true;
    this.#index.close();
    this.#entries = new Entries();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): void {
    if (this.#closed) throw new EmpreinteError("ERR_EMPREINTE_CLOSED", "The known hashes are closed");
  }

  #matches(hits: Hit[][], entries: Entries): Match[] {
    const best = new Map<number, { id: number; distance: number; variant: DihedralVariant }>();
    hits.forEach((found, i) => {
      for (const { id, distance } of found) {
        const other = best.get(id);
        if (other === undefined || distance < other.distance) {
          best.set(id, { id, distance, variant: dihedralVariants[i]! });
        }
      }
    });
    return [...best.values()]
      .sort((a, b) => a.distance - b.distance || a.id - b.id)
      .map(({ id, distance, variant }) => ({
        distance,
        list: this.#listOf(id),
        entry: entries.line(id),
        variant,
        metadata: entries.metadata(id),
      }));
  }

  #listOf(id: number): string {
    let first = 0;
    return this.#lists.find((list) => id < (first += list.entries))!.name;
  }
}

function named(list: ListSource | NamedListSource, i: number): NamedListSource {
  if (typeof list === "object" && list !== null && "source" in list) {
    if (typeof list.name !== "string") throw invalidArgument("name", "string", list.name);
    return { name: list.name, source: checkSource(list.source) };
  }
  const source = checkSource(list);
  return { name: sourceName(source) ?? `list ${i + 1}`, source };
}
