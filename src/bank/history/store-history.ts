/** The public part of `BankStore` that copies of one store need. */
import { pathOf } from "../../files/path.js";
import type { LiveIndex } from "../index/live-index.js";
import type { Audit } from "../inspect/audit.js";
import type { Database } from "../storage/database.js";
import { counter } from "../storage/schema.js";
import { type AppliedRevisions, applyRevisions } from "./apply-revisions.js";
import { digestAt } from "./digest.js";
import { positionOf, readRevisions, type ReadRevisionsOptions } from "./read-revisions.js";
import { copyStore, setReplica } from "./replica.js";
import type { StorePosition } from "./tables.js";
import { isReplica } from "./track.js";

/**
 * A store as a copy among others.
 *
 * @example
 * const bytes = store.history.readRevisions(replica.history.position());
 * if (bytes !== undefined) await replica.history.applyRevisions(bytes);
 */
export interface StoreHistory {
  /** Whether the store is a replica, which only `applyRevisions` changes. */
  readonly isReplica: boolean;

  /**
   * Returns the digest of the store's history up to a revision, 64 hex digits. Default: the last one. Two stores have
   * the same digest only where they have the same history: copies of one store that have applied the same revisions.
   * @throws {InvalidArgumentError} for a revision that the store does not have.
   */
  digest(revision?: number): string;

  /**
   * Returns the position of the store in its history. `readRevisions` continues from it, in another copy of the store.
   */
  position(): StorePosition;

  /**
   * Returns what a replica at `since` lacks, as the store has it now, for `applyRevisions`. It returns undefined if
   * that exceeds `maxBytes`: the replica then needs a new copy. The bytes have hashes. What was withdrawn is zeros in
   * them.
   * @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_HISTORY` if the replica has another history.
   */
  readRevisions(since: StorePosition, options?: ReadRevisionsOptions): Uint8Array | undefined;

  /**
   * Applies what `readRevisions` of another copy answered, all of it in one transaction, or nothing. When this
   * resolves, searches find what that copy finds. If it withdrew entries, the bytes are gone from this store's files,
   * too.
   * @throws {InvalidArgumentError} for bytes that are damaged, or a store that is not a replica.
   * @throws {BankError} `ERR_EMPREINTE_HISTORY` if the revisions do not continue this store's history.
   * `ERR_EMPREINTE_BUSY`, as `withdraw`.
   */
  applyRevisions(revisions: Uint8Array): Promise<AppliedRevisions>;

  /**
   * Makes the store a replica, or a store of its own again. Everything else that would change the entries, banks or
   * sources of a replica fails with `ERR_EMPREINTE_REPLICA`. A replica counts floods, but marks no entry as flooded.
   */
  setReplica(replica: boolean): void;

  /**
   * Copies the store, as it is at one revision, into a new file with mode 0600. The copy has the same history, and no
   * index file. It takes seconds for each gigabyte, on this thread.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`, also for a file that is there already.
   */
  copyTo(path: string | URL): void;
}

/** Makes that part for a store that is open. */
export function storeHistory(database: Database, live: LiveIndex, audit: Audit): StoreHistory {
  return {
    get isReplica() {
      return isReplica(database);
    },
    digest: (revision) => database.reading(() => digestAt(database, revision ?? counter(database, "revision"))),
    position: () => database.reading(() => positionOf(database)),
    readRevisions: (since, options) => database.reading(() => readRevisions(database, since, options)),
    applyRevisions: async (revisions) => applyRevisions({ database, live, audit }, revisions),
    setReplica: (replica) => setReplica(database, audit, replica),
    copyTo: (path) => copyStore(database, audit, pathOf(path)),
  };
}
