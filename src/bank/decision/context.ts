/**
 * What a matcher needs of a store, which the store's public class does not show. The store registers its context when
 * it opens, and the matcher looks the context up by the store.
 */
import { InvalidArgumentError, BankError } from "../../errors.js";
import { type LiveIndex, LostFileError } from "../index/live-index.js";
import type { Audit } from "../inspect/audit.js";
import type { LiveLocal } from "../local/live-local.js";
import type { OpenStore } from "../open-store.js";
import type { Database } from "../storage/database.js";
import { hasLocalRecords } from "../storage/local-records.js";
import { counter } from "../storage/schema.js";
import { FloodCounts, type FloodHit, markFlooded } from "./flood.js";
import { addQualification, type NewQualification, type Qualification } from "./qualify.js";
import { LiveSnapshot, PastSnapshot } from "./snapshot.js";

/** The store has another revision than the index. */
class ChangedError extends Error {}

/** One reading for several decisions, and the store as it shows it. */
interface SharedReading {
  begin: () => boolean;
  end: () => void;
  snapshot: LiveSnapshot | undefined;
}

/** The inside of one open store, as decisions use it. */
export class DecisionContext {
  readonly #database: Database;
  readonly #live: LiveIndex;
  readonly #audit: Audit;
  readonly #actor: () => string;
  readonly #floods: FloodCounts = new FloodCounts();
  /** The reading that several calls of `read` share just now. */
  #shared: SharedReading | undefined;

  /** The local records. Undefined where the store was opened without their key. */
  readonly local: LiveLocal | undefined;

  constructor({ database, live, local, actor }: OpenStore, audit: Audit) {
    this.#database = database;
    this.#live = live;
    this.#audit = audit;
    this.#actor = actor;
    this.local = local;
  }

  /** Whether any entry has a local record. */
  hasLocalRecords(): boolean {
    return hasLocalRecords(this.#database);
  }

  /**
   * Runs `work` on the store as it is now, in one reading. If the index has the store's revision, one statement finds
   * that out, and the reading begins only when the work needs more than the index and the banks: most uploads are near
   * nothing. If another process has changed the store by then, the work, which has read nothing of it, begins again.
   */
  read<T>(work: (snapshot: LiveSnapshot) => T): T {
    if (this.#shared !== undefined) return this.#readShared(this.#shared, work);
    const [database, live] = [this.#database, this.#live];
    try {
      return database.readingOnDemand((begin) => {
        const { revision } = live;
        if (counter(database, "revision") !== revision) throw new ChangedError();
        let begun = false;
        const beginOnce = (): void => {
          if (begun) return;
          begin();
          begun = true;
          if (counter(database, "revision") !== revision) throw new ChangedError();
        };
        return work(new LiveSnapshot(database, live, beginOnce));
      });
    } catch (error) {
      if (!(error instanceof ChangedError) && !(error instanceof LostFileError)) throw error;
      return this.#readAll(work);
    }
  }

  /**
   * Runs `work`, all of whose calls of `read` share one reading, which begins with the first of them. Where one of them
   * writes, the next one begins another reading.
   */
  readTogether<T>(work: () => T): T {
    if (this.#shared !== undefined) return work();
    return this.#database.readings((reading) => {
      this.#shared = { ...reading, snapshot: undefined };
      try {
        return work();
      } finally {
        this.#shared = undefined;
      }
    });
  }

  #readShared<T>(shared: SharedReading, work: (snapshot: LiveSnapshot) => T): T {
    const read = (): T => {
      if (shared.begin()) shared.snapshot = undefined;
      if (shared.snapshot === undefined) {
        this.#live.sync();
        shared.snapshot = new LiveSnapshot(this.#database, this.#live, () => undefined);
      }
      return work(shared.snapshot);
    };
    try {
      return read();
    } catch (error) {
      if (!(error instanceof LostFileError)) throw error;
      // From now on the index has memory of its own.
      shared.snapshot = undefined;
      return read();
    }
  }

  /** Runs a transaction, before which a shared reading ends. */
  #write<T>(work: () => T): T {
    this.#shared?.end();
    return this.#database.transaction(work);
  }

  /** Runs `work` in one reading that begins at once. */
  #readAll<T>(work: (snapshot: LiveSnapshot) => T): T {
    const read = (): T =>
      this.#database.reading(() => {
        this.#live.sync();
        return work(new LiveSnapshot(this.#database, this.#live, () => undefined));
      });
    try {
      return read();
    } catch (error) {
      if (!(error instanceof LostFileError)) throw error;
      // From now on the index has memory of its own.
      return read();
    }
  }

  /**
   * Runs `work` on the store as it was at a revision, in one reading. @throws {InvalidArgumentError} for a later one.
   */
  readAt<T>(revision: number, work: (snapshot: PastSnapshot) => T): T {
    return this.#readAll((now) => {
      if (revision > now.revision) throw new InvalidArgumentError(`The store has no revision ${revision} yet`);
      const snapshot = new PastSnapshot(this.#database, revision);
      try {
        return work(snapshot);
      } finally {
        snapshot.close();
      }
    });
  }

  /** The index, for searches on other threads. A signal that it returns may be withdrawn by then: check the store. */
  get index(): Pick<LiveIndex, "searchMany" | "get"> {
    return this.#live;
  }

  /**
   * Counts the entries that an upload has hit, in this process, and marks those that have now hit too many uploads.
   * Returns whether there were any.
   */
  countHits(hits: readonly FloodHit[], upload: string, time: number): boolean {
    const flooding = hits.filter(({ entryNumber, limit }) => this.#floods.add(entryNumber, upload, limit, time));
    if (flooding.length === 0) return false;
    try {
      this.#write(() => markFlooded(this.#database, flooding, this.#audit));
    } catch (error) {
      // Another process keeps writing. The decision stays valid, and the next hit tries again. A replica marks nothing.
      const isExpected = ["ERR_EMPREINTE_BUSY", "ERR_EMPREINTE_REPLICA"] as const;
      if (error instanceof BankError && isExpected.some((code) => code === error.code)) return false;
      throw error;
    }
    for (const { entryNumber } of flooding) this.#floods.forget(entryNumber);
    return true;
  }

  /**
   * Records a qualification. @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` for an entry that was removed meanwhile.
   */
  qualify(qualification: Omit<NewQualification, "by"> & { by: string | undefined }): Qualification {
    const { by = this.#actor(), ...rest } = qualification;
    const recorded = this.#write(() => addQualification(this.#database, { ...rest, by }, this.#audit));
    if (recorded !== undefined) return recorded;
    const text = `The store does not have entry ${qualification.entryNumber} any more`;
    throw new BankError("ERR_EMPREINTE_UNKNOWN_NAME", text);
  }

  /** Writes one record to the audit log. */
  record(...[what, detail]: Parameters<Audit>): void {
    this.#write(() => this.#audit(what, detail));
  }
}

const contexts = new WeakMap<object, DecisionContext>();

/** Registers the context of a store. */
export function registerContext(store: object, context: DecisionContext): void {
  contexts.set(store, context);
}

/** Returns the context of a store. @throws {InvalidArgumentError} for anything but an open or closed `BankStore`. */
export function contextOf(store: object): DecisionContext {
  const context = typeof store === "object" && store !== null ? contexts.get(store) : undefined;
  if (context === undefined) throw new InvalidArgumentError("Expected a BankStore for store");
  return context;
}
