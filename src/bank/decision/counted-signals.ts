import type { CopyIndex, NearHash } from "../../copies/types.js";
import type { DecisionContext } from "./context.js";
import type { Snapshot, SnapshotEntry } from "./snapshot.js";

interface CountedSignal {
  entry: number;
  /** Whether the signal is the hash of a crop. */
  isCrop: boolean;
}

/**
 * The store's index, without the signals of entries that do not count for a search of altered copies. Such signals
 * would take the places of others in the alignment.
 */
export class CountedSignals implements CopyIndex {
  /** The signals that were found so far; undefined for one that does not count. */
  readonly #known = new Map<number, CountedSignal | undefined>();
  readonly #context: DecisionContext;
  readonly #counts: (entry: SnapshotEntry, snapshot: Snapshot) => boolean;

  /** @param counts whether the signals of an active entry count. */
  constructor(context: DecisionContext, counts: (entry: SnapshotEntry, snapshot: Snapshot) => boolean) {
    this.#context = context;
    this.#counts = counts;
  }

  async searchMany(...search: Parameters<CopyIndex["searchMany"]>): Promise<NearHash[][]> {
    const found = await this.#context.index.searchMany(...search);
    const fresh = new Set(found.flatMap((hits) => hits.map(({ id }) => id)).filter((id) => !this.#known.has(id)));
    if (fresh.size > 0) {
      this.#context.read((snapshot) => fresh.forEach((id) => this.#known.set(id, this.#counted(snapshot, id))));
    }
    return found.map((hits) => hits.filter(({ id }) => this.#known.get(id) !== undefined));
  }

  get(id: number): Uint8Array | undefined {
    return this.#context.index.get(id);
  }

  /** Returns the entry of a signal that was found. */
  entryOf = (id: number): number => this.#known.get(id)!.entry;

  /** Whether a signal that was found is the hash of a crop. */
  isCrop = (id: number): boolean => this.#known.get(id)!.isCrop;

  #counted(snapshot: Snapshot, id: number): CountedSignal | undefined {
    const record = snapshot.signal(id);
    const entry = record && snapshot.entry(record.entry);
    if (record === undefined || entry === undefined || !this.#counts(entry, snapshot)) return undefined;
    return { entry: record.entry, isCrop: record.crop !== 0 };
  }
}
