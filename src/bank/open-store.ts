/** Opens and closes the files of a store. */
import { userInfo } from "node:os";
import { checkCallback, checkOptions, positive } from "../check.js";
import { EmpreinteError, type ErrorCode } from "../errors.js";
import { pathOf } from "../files/path.js";
import { trackChanges } from "./history/track.js";
import { removeStaleIndexFile } from "./index/index-file.js";
import { type BankRetry, LiveIndex } from "./index/live-index.js";
import { pruneAudit } from "./inspect/audit.js";
import { checkKey } from "../local/file.js";
import { checkFile } from "./storage/check-file.js";
import { LiveLocal } from "./local/live-local.js";
import { RecordSeal } from "./local/record-seal.js";
import { Database } from "./storage/database.js";
import { checkName } from "./storage/names.js";
import { createTables } from "./storage/schema.js";

export interface BankOpenOptions {
  /** How long a call waits, on this thread, for another process that writes. Default 5. */
  timeoutSeconds?: number;
  /**
   * Whom the audit log names: 1 … 256 characters. A function is called for each record, so that one open store can name
   * the person or program for whom it works just then. Default: the name of the system's user.
   */
  actor?: string | (() => string);
  /**
   * The key of the store's local records: 32 random bytes, which you keep outside of the store. They are copied. It is
   * needed to add records and to search them. Without it they stay sealed, and a withdrawal still zeroes them.
   */
  localKey?: Uint8Array;
  /**
   * Called each time work in the background fails; it is tried again a second later. What it throws is dropped.
   * Default: a warning of the process with the code `EMPREINTE_RETRY`, once a reason.
   */
  onRetry?: (retry: BankRetry) => void;
}

/** The files of a store that is open, and who writes to it. */
export interface OpenStore {
  database: Database;
  live: LiveIndex;
  actor: () => string;
  /** Seals local records. Undefined without the key. */
  seal: RecordSeal | undefined;
  /** The local records in memory. Undefined without the key. */
  local: LiveLocal | undefined;
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`; // The system's list of users does not have this user.
  }
}

function actorNamed(actor: unknown): () => string {
  const name = checkName("actor", actor);
  return () => name;
}

/** Opens a store, or creates one where there is no file yet. See `BankStore.open` and `BankStore.create`. */
export async function openStore(
  path: string | URL,
  options: BankOpenOptions | undefined,
  create: boolean,
): Promise<OpenStore> {
  const names = ["timeoutSeconds", "actor", "localKey", "onRetry"] as const;
  const { timeoutSeconds = 5, actor = systemUser(), localKey, onRetry } = checkOptions(options, names);
  const who = typeof actor === "function" ? () => checkName("actor", actor()) : actorNamed(actor);
  checkCallback("onRetry", onRetry);
  const key = localKey === undefined ? undefined : checkKey(localKey, "localKey");
  const database = new Database(pathOf(path), create, positive("timeoutSeconds", timeoutSeconds));
  try {
    const seal = key && new RecordSeal(key, database.path);
    if (create) createTables(database);
    checkFile(database);
    trackChanges(database);
    // What was withdrawn just before a crash may still be in the index file and in the log.
    await removeStaleIndexFile(database);
    database.tidyLog();
    pruneAudit(database, Date.now());
    const live = await LiveIndex.open(database, onRetry);
    const local = seal && new LiveLocal(database, seal);
    if (local !== undefined) live.afterSync = () => local.sync();
    return { database, live, actor: who, seal, local };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Saves the index where necessary, and closes the files. */
export async function closeStore({
  database,
  live,
  local,
}: Pick<OpenStore, "database" | "live" | "local">): Promise<void> {
  try {
    await live.save();
    database.checkpoint();
  } catch (error) {
    // Without room for the index file, or time for the log, the next opening only takes longer.
    const codes: ErrorCode[] = ["ERR_EMPREINTE_WRITE", "ERR_EMPREINTE_BUSY"];
    if (!(error instanceof EmpreinteError) || !codes.includes(error.code)) throw error;
  } finally {
    local?.close();
    live.close();
    database.close();
  }
}
