/** Replicas of a store: what makes a store one, and how a copy of it is made. */
import { closeSync, fsyncSync, openSync, rmSync } from "node:fs";
import { boolean } from "../../check.js";
import { BankError, EmpreinteError, printable, systemReason } from "../../errors.js";
import type { Audit } from "../inspect/audit.js";
import type { Database } from "../storage/database.js";

/** Makes the store a replica, which only `applyRevisions` changes, or a store of its own again. */
export function setReplica(database: Database, audit: Audit, replica: boolean): void {
  const value = boolean("replica", replica) ? 1 : 0;
  database.transaction(() => {
    database.run("INSERT OR REPLACE INTO meta VALUES ('replica', ?)", value);
    audit("replica", { replica });
  });
}

/**
 * Copies the store into a new file with mode 0600, as it is at one revision. The copy has no free pages and no index.
 */
export function copyStore(database: Database, audit: Audit, path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    const text = `${printable(path)} cannot be made: ${systemReason(error)}`;
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", text, { cause: error });
  }
  try {
    database.run("VACUUM INTO ?", path);
    const file = openSync(path, "r+");
    fsyncSync(file);
    closeSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    if (error instanceof BankError || error instanceof EmpreinteError) throw error;
    const text = `${printable(path)} cannot be written: ${systemReason(error)}`;
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", text, { cause: error });
  }
  database.transaction(() => audit("copy", {}));
}
