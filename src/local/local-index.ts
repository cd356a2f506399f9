import { checkOptions, checkSignal, integer, invalidArgument, isIterable, oneOf } from "../check.js";
import { addLocalHolder, type LocalFinding, type LocalHolder, type LocalQuery } from "../copies/local-holder.js";
import { EmpreinteError, IndexError } from "../errors.js";
import { checkHashOptions } from "../hash/options.js";
import type { ImageInput } from "../image/input/input.js";
import { checkInputOptions, limitNames } from "../image/options.js";
import { readSamples, type Samples } from "../image/samples.js";
import type { Limits } from "../limits.js";
import { HashIndex } from "../search/hash-index.js";
import type { HashIndexOptions, IndexStats } from "../search/index-options.js";
import { Entries, type Entry } from "./entries.js";
import { checkKey, readRecords, type StoredRecord, writeRecords } from "./file.js";
import { byTier, verifyEntries } from "./findings.js";
import type { LocalMatch, LocalSearchResult } from "./local-match.js";
import { QueryPoints } from "./query-points.js";
import { joinRecord, pointsOf, splitRecord } from "./record-parts.js";
import { LocalRecord } from "./record.js";
import { benignRadius, findVotes, rowsPerSlot } from "./votes.js";

/** The options of a `LocalIndex`. */
export interface LocalIndexOptions {
  /**
   * How much memory the rows of local points may take for faster searches: see `HashIndexOptions`. An original with 200
   * points has some 170 rows. Default `"full"`, which takes some 21 kB an original.
   */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /**
   * The most bits that two descriptors may differ in to be looked at, 0 … 31. Default: 31, and 25 from five million
   * rows on, where look-ups take less than half the time and one find in a hundred is lost.
   */
  radius?: number;
}

/** The options of a search in a `LocalIndex`. */
export interface LocalSearchOptions extends Limits {
  /** Searches only originals of these tags, 0 … 254. Default: all. */
  tags?: Iterable<number>;
  /**
   * When the image with its tones reversed is searched as well, which takes as long again: `"last"`, where nothing sure
   * was found before, or `"never"`. Default `"last"`.
   */
  negative?: "last" | "never";
  /** Ends the search. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The name of the input in errors. Default: the path, "buffer" or "stream". */
  name?: string;
}

const searchOptionNames = ["tags", "negative", "signal", "name", ...limitNames];
/** From this number of rows on the radius is smaller. */
const manyRows = 5_000_000;
const radii = { few: 31, many: 25 } as const;
const mostTag = 254;

/**
 * Holds the local records of originals. It finds an original in any part of it: cropped, inside a collage, under
 * stickers, turned or mirrored. Such a part shares no hash with the original.
 *
 * The index can change while it is searched. No search called after `remove` returned finds a removed original.
 *
 * @example
 * using local = new LocalIndex();
 * local.add(7, await registerLocal("original.jpg"));
 * const { matches } = await local.searchImage("collage.jpg");
 * for (const { id, tier, region } of matches) console.log(id, tier, region);
 */
export class LocalIndex implements LocalHolder, Disposable {
  readonly #rows: HashIndex;
  readonly #benignRows = new HashIndex();
  readonly #benign: Uint8Array[] = [];
  readonly #entries = new Entries();
  readonly #radius: number | undefined;
  #nextBenignRow = 0;
  #shipped = false;
  #closed = false;

  /** Creates an empty index. @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` */
  constructor(options?: LocalIndexOptions) {
    const { memory = "full", radius } = checkOptions(options, ["memory", "radius"]);
    oneOf("memory", memory, ["full", "lean", "rows"] as const);
    this.#radius = radius === undefined ? undefined : integer("radius", radius, 0, radii.few);
    this.#rows = new HashIndex({ memory });
    addLocalHolder(this, (samples, signal) => this.#query(samples, signal));
  }

  /**
   * Reads a file that `save` has written.
   * @param options `key`: the 32 bytes that `save` got.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`: the key is another one, or the file is damaged or of another kind
   * or version. {EmpreinteError} `ERR_EMPREINTE_READ`: the file cannot be read. `ERR_EMPREINTE_LOCAL_TABLE`: this
   * version describes points otherwise. It rejects with the signal's reason when aborted.
   */
  static async open(
    path: string | URL,
    options: LocalIndexOptions & { key: Uint8Array; signal?: AbortSignal },
  ): Promise<LocalIndex> {
    const { key: given, signal, ...own } = checkOptions(options, ["memory", "radius", "key", "signal"]);
    const key = checkKey(given);
    const index = new LocalIndex(own);
    try {
      for await (const stored of readRecords(path, key, checkSignal(signal))) index.#restore(stored);
      return index;
    } catch (error) {
      index.close();
      throw error;
    } finally {
      key.fill(0);
    }
  }

  /** How many originals the index has. */
  get size(): number {
    return this.#closed ? 0 : this.#entries.size;
  }

  /**
   * Adds an original. Points that a benign image has as well are left out.
   *
   * @param options `tag`: a number 0 … 254 to filter by. Default 0.
   * @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID`; {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`
   */
  add(id: number, record: LocalRecord, options?: { tag?: number }): void {
    this.#open();
    const tag = checkTag(options);
    if (this.#entries.has(checkId(id))) {
      throw new IndexError("ERR_EMPREINTE_DUPLICATE_ID", `The id ${id} is in the index already`);
    }
    this.#insert(id, tag, recordBytes(record));
  }

  /**
   * Removes an original with all its rows. No search that is called afterwards finds it.
   * @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID`
   */
  remove(id: number): void {
    this.#open();
    this.#removeRows(this.#entries.get(checkId(id)));
    this.#entries.remove(id);
  }

  /**
   * Replaces the record and the tag of an original.
   * @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID`; {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`
   */
  replace(id: number, record: LocalRecord, options?: { tag?: number }): void {
    this.#open();
    const tag = checkTag(options);
    const old = this.#entries.get(checkId(id));
    const bytes = recordBytes(record);
    // The new rows come first: where they cannot be added, the old ones are still there.
    this.#insert(id, tag, bytes, () => this.#removeRows(old));
  }

  /** Returns whether the index has an original with this id. */
  has(id: number): boolean {
    this.#open();
    return this.#entries.has(checkId(id));
  }

  /**
   * Makes an image benign: an interface, a form, a meme, a logo. What resembles a place in it is no evidence any more.
   * Such points are left out of queries and of originals that are added later, and they are removed from those that are
   * here. Look-ups in a long list take some 10 ms, on this thread.
   *
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`
   */
  benign(record: LocalRecord): void {
    this.#open();
    this.#insertBenign(recordBytes(record));
  }

  /**
   * Makes the images benign that come with the library: interfaces, forms, logos, banners and frames of collages, all
   * drawn by its own code. A second call does nothing. Your own screenshots, forms and memes matter more.
   *
   * @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   */
  async benignShipped(): Promise<void> {
    this.#open();
    if (this.#shipped) return;
    this.#shipped = true;
    const { shippedBenign } = await import("./shipped-benign.js");
    this.#open();
    for (const record of shippedBenign) this.#insertBenign(Buffer.from(record, "base64"));
  }

  /**
   * Finds the originals of which an image shows a part. A `match` may be acted on; a person should look at a `review`.
   * Both need more agreeing points in a longer list.
   *
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`; what `hashImage` throws; {EmpreinteError}
   * `ERR_EMPREINTE_CLOSED`. It rejects with the signal's reason when aborted.
   */
  async searchImage(input: ImageInput, options?: LocalSearchOptions): Promise<LocalSearchResult> {
    this.#open();
    const given = checkOptions(options, searchOptionNames);
    const negative = oneOf("negative", given.negative ?? "last", ["last", "never"] as const);
    const tags = given.tags === undefined ? undefined : checkTags(given.tags);
    const signal = checkSignal(given.signal);
    const samples = await readSamples(input, { ...checkInputOptions(given), hash: checkHashOptions({}) }, signal);
    using points = await QueryPoints.of(samples, signal);
    const first = await this.#find(points, false, tags, signal);
    const sure = first.findings[0]?.tier === "match";
    const second = sure || negative === "never" ? undefined : await this.#find(points, true, tags, signal);
    const matches = mergeFindings(first.findings, second?.findings ?? []).map(matchOf);
    return {
      tier: matches[0]?.tier ?? "none",
      matches,
      points: points.count,
      lookups: first.lookups + (second?.lookups ?? 0),
      candidates: first.candidates + (second?.candidates ?? 0),
      crowded: first.crowded || second?.crowded === true,
    };
  }

  /** Returns the figures of the rows: see `HashIndex.stats`. */
  stats(): IndexStats {
    this.#open();
    return this.#rows.stats();
  }

  /** Finishes the maintenance that otherwise runs in the background: see `HashIndex.optimize`. */
  async optimize(): Promise<void> {
    this.#open();
    await this.#rows.optimize();
  }

  /**
   * Writes the records to an encrypted file that `open` reads. There is no other kind of file, because a rough copy of
   * an image can be made from its record. It writes a temporary file and renames it. Its mode is 0600.
   *
   * @param options `key`: 32 random bytes, which you keep elsewhere. They are copied.
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`; {EmpreinteError} `ERR_EMPREINTE_WRITE`. It rejects
   * with the signal's reason when aborted.
   */
  async save(path: string | URL, options: { key: Uint8Array; signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { key: given, signal } = checkOptions(options, ["key", "signal"]);
    const key = checkKey(given);
    try {
      await writeRecords(path, key, this.#stored(), checkSignal(signal));
    } finally {
      key.fill(0);
    }
  }

  /** Frees the index now. Any later call except `close` fails with `ERR_EMPREINTE_CLOSED`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#entries.clear();
    for (const record of this.#benign) record.fill(0);
    this.#rows.close();
    this.#benignRows.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): void {
    if (this.#closed) throw new EmpreinteError("ERR_EMPREINTE_CLOSED", "The index is closed");
  }

  /** How a search for altered copies reads this index. */
  async #query(samples: Omit<Samples, "hash">, signal: AbortSignal | undefined): Promise<LocalQuery> {
    this.#open();
    const points = await QueryPoints.of(samples, signal);
    return {
      find: (negative, abort) => this.#find(points, negative, undefined, abort),
      [Symbol.dispose]: () => points[Symbol.dispose](),
    };
  }

  async #find(
    points: QueryPoints,
    negative: boolean,
    tags: readonly number[] | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ findings: LocalFinding[]; lookups: number; candidates: number; crowded: boolean }> {
    this.#open();
    const descriptors = points.descriptors(negative);
    const radius = this.#radius ?? (this.#rows.size < manyRows ? radii.few : radii.many);
    const search = { rows: this.#rows, benign: this.#benignRows, radius, tags, signal };
    const { candidates, enough, lookups } = await findVotes(descriptors, points.placeOf, search);
    this.#open();
    // An entry may have been removed meanwhile.
    const entries = candidates.flatMap(({ slot, votes }) => {
      const entry = this.#entries.inSlot(slot);
      return entry === undefined ? [] : [{ id: entry.id, record: this.#record(entry), votes }];
    });
    const images = this.#entries.size;
    const findings = await verifyEntries(entries, { points, descriptors, negative, images, signal });
    return { findings, lookups, candidates: enough, crowded: enough > candidates.length };
  }

  /** Adds an entry's rows. `before` runs between that and the moment from which the entry is found. */
  #insert(id: number, tag: number, record: Uint8Array, before?: () => void): void {
    const whole = splitRecord(record, () => true);
    const harmless =
      this.#benignRows.size === 0
        ? []
        : this.#benignRows.searchManySync(whole.descriptors, { radius: benignRadius, limit: 1 });
    const { head, places, descriptors } = splitRecord(record, (point) => !harmless[point]?.length);
    const slot = this.#entries.newSlot();
    const entry = { id, slot, tag, head, places };
    if (pointsOf(entry) > 0) {
      const tags = new Uint8Array(pointsOf(entry)).fill(tag);
      this.#rows.addManySync(rowIds(entry), descriptors, { tags });
    }
    before?.();
    this.#entries.set(entry);
  }

  #removeRows(entry: Entry): void {
    if (pointsOf(entry) > 0) this.#rows.remove(rowIds(entry));
  }

  #insertBenign(record: Uint8Array): void {
    const { descriptors } = splitRecord(record, () => true);
    const count = descriptors.length / 32;
    if (count === 0) return;
    const ids = Float64Array.from({ length: count }, (_, i) => this.#nextBenignRow + i);
    this.#benignRows.addManySync(ids, descriptors);
    this.#nextBenignRow += count;
    this.#benign.push(record);
    const slots = new Set<number>();
    for (const near of this.#rows.searchManySync(descriptors, { radius: benignRadius })) {
      for (const { id } of near) slots.add(Math.floor(id / rowsPerSlot));
    }
    for (const slot of slots) {
      const entry = this.#entries.inSlot(slot);
      if (entry !== undefined) this.#insert(entry.id, entry.tag, this.#record(entry), () => this.#removeRows(entry));
    }
  }

  /** Returns the record of an entry: its places, and the descriptors of its rows. */
  #record(entry: Entry): Uint8Array {
    const descriptors = new Uint8Array(32 * pointsOf(entry));
    rowIds(entry).forEach((id, i) => descriptors.set(this.#rows.get(id)!, 32 * i));
    return joinRecord({ head: entry.head, places: entry.places, descriptors });
  }

  *#stored(): Iterable<StoredRecord> {
    for (const record of this.#benign) yield { id: 0, tag: 0, kind: "benign", record };
    for (const entry of Array.from(this.#entries)) {
      // Whoever removes or replaces an entry while the file is written does not want it there.
      if (this.#entries.inSlot(entry.slot) !== entry) continue;
      yield { id: entry.id, tag: entry.tag, kind: "original", record: this.#record(entry) };
    }
  }

  #restore({ id, tag, kind, record }: StoredRecord): void {
    const valid = recordBytes(LocalRecord.from(record));
    if (kind === "benign") this.#insertBenign(valid);
    else this.#insert(checkId(id), integer("tag", tag, 0, mostTag), valid);
  }
}

const rowIds = (entry: Entry): Float64Array =>
  Float64Array.from({ length: pointsOf(entry) }, (_, i) => rowsPerSlot * entry.slot + i);

const checkId = (id: unknown): number => integer("id", id, 0, Number.MAX_SAFE_INTEGER);

function checkTag(options: { tag?: number } | undefined): number {
  return integer("tag", checkOptions(options, ["tag"]).tag ?? 0, 0, mostTag);
}

function checkTags(tags: unknown): number[] {
  if (!isIterable(tags)) throw invalidArgument("tags", "iterable of integers", tags);
  return Array.from(tags, (tag) => integer("tags", tag, 0, mostTag));
}

function recordBytes(record: LocalRecord): Uint8Array {
  if (!(record instanceof LocalRecord)) throw invalidArgument("record", "LocalRecord", typeof record);
  return record.toBytes();
}

/** Returns each original once, by its best finding. */
function mergeFindings(some: readonly LocalFinding[], more: readonly LocalFinding[]): LocalFinding[] {
  const best = new Map<number, LocalFinding>();
  for (const finding of [...some, ...more]) {
    const other = best.get(finding.id);
    if (other === undefined || byTier(finding, other) < 0) best.set(finding.id, finding);
  }
  return [...best.values()].sort(byTier);
}

function matchOf({ id, tier, distance, orientation, region, local }: LocalFinding): LocalMatch {
  return { id, distance, orientation, tier, view: "local", region, supportCount: local.support, local };
}
