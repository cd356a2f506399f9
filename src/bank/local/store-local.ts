/** The public part of `BankStore` for local records. */
import { invalidArgument } from "../../check.js";
import { BankError, printable } from "../../errors.js";
import { LocalRecord } from "../../local/record.js";
import type { LiveIndex } from "../index/live-index.js";
import type { Audit } from "../inspect/audit.js";
import { type EntryName, type EntryNumber, numberOfEntry } from "../removal/selection.js";
import { logChange } from "../storage/change-log.js";
import type { Database } from "../storage/database.js";
import type { KeyedDigest } from "../storage/keyed-digest.js";
import {
  addLocalRecord,
  countLocalRecords,
  endLocalRecords,
  hasLocalRecord,
  localRecords,
} from "../storage/local-records.js";
import { withdrawnStatus } from "../storage/names.js";
import { nextRevision } from "../storage/schema.js";
import { Texts } from "../storage/texts.js";
import type { RecordSeal } from "./record-seal.js";

/**
 * The local records of a store's entries. They are sealed with the key that `BankStore.open` got as `localKey`. A rough
 * copy of an image can be made from its record, so that nothing answers a record again, and no list or export has one.
 */
export interface StoreLocal {
  /** How many entries have a record. */
  readonly size: number;

  /** Whether the store was opened with a key. Without it records stay sealed. */
  readonly isOpen: boolean;

  /**
   * Gives an entry the record of its image, in place of the one that it has; undefined removes that one, for which no
   * key is needed. A record ends when its entry is withdrawn, erased, or gets other hashes: its bytes are then zeros.
   * The record of an entry in a negative bank makes its image benign.
   *
   * @returns false for an entry that the store does not have or has withdrawn, and where there is nothing to remove.
   * @throws {BankError} `ERR_EMPREINTE_LOCAL_KEY`: the store was opened without the key, or has records of another one.
   * {InvalidArgumentError}
   *
   * @example
   * store.local.set({ bank: "ncii", source: "hotline", entryId: "17" }, await registerLocal("original.jpg"));
   */
  set(entry: EntryName | EntryNumber, record: LocalRecord | undefined): boolean;
}

export interface LocalContext {
  database: Database;
  live: LiveIndex;
  digest: KeyedDigest;
  audit: Audit;
  /** Undefined for a store that was opened without the key. */
  seal: RecordSeal | undefined;
}

/** Makes that part for a store that is open. */
export function storeLocal(context: LocalContext): StoreLocal {
  const { database, live, seal } = context;
  return {
    get size() {
      return countLocalRecords(database);
    },
    isOpen: seal !== undefined,
    set: (entry, record) => {
      const { changed, ended } = database.transaction(() => setRecord(context, entry, record));
      if (changed) database.reading(() => live.sync());
      if (ended) database.checkpoint();
      return changed;
    },
  };
}

function setRecord(
  { database, digest, audit, seal }: LocalContext,
  name: EntryName | EntryNumber,
  record: LocalRecord | undefined,
): { changed: boolean; ended: boolean } {
  if (record !== undefined && !(record instanceof LocalRecord)) {
    throw invalidArgument("record", "LocalRecord or undefined", typeof record);
  }
  const entry = numberOfEntry(database, name, digest);
  const isHere = `SELECT 1 FROM entry WHERE id = ? AND status <> ${withdrawnStatus}`;
  const nothing = { changed: false, ended: false };
  if (entry === undefined || database.get(isHere, entry) === undefined) return nothing;
  if (record === undefined && !hasLocalRecord(database, entry)) return nothing;
  const texts = new Texts(database);
  const sealed = record && sealFor(database, texts, seal, { entry, record });
  const revision = nextRevision(database);
  const ended = endLocalRecords(database, texts, { entries: [entry], revision }) > 0;
  if (sealed !== undefined) addLocalRecord(database, texts, { entry, revision, sealed });
  texts.flush();
  logChange(database, revision, "changed", [entry]);
  audit("local", { entryNumber: entry, record: sealed === undefined ? "removed" : ended ? "replaced" : "added" });
  return { changed: true, ended };
}

/** Seals a record. All records of a store have one key: the first one that another entry has must open. */
function sealFor(
  database: Database,
  texts: Texts,
  seal: RecordSeal | undefined,
  { entry, record }: { entry: number; record: LocalRecord },
): Buffer {
  if (seal === undefined) {
    const text = `${printable(database.path)} was opened without the key of its local records: give localKey`;
    throw new BankError("ERR_EMPREINTE_LOCAL_KEY", text);
  }
  const other = localRecords(database, 0, Number.MAX_SAFE_INTEGER, 2).find((one) => one.entry !== entry);
  if (other !== undefined) seal.assertOpens(other.entry, texts.readBytes(other.text));
  return seal.seal(entry, record);
}
