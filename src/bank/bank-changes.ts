/** Changes of banks and their policies. */
import { BankError } from "../errors.js";
import { checkBank, checkPolicy, type NewBank, type Policy } from "./decision/policy.js";
import type { Audit } from "./inspect/audit.js";
import { logChange } from "./storage/change-log.js";
import type { Database } from "./storage/database.js";
import { bankNumber, checkName } from "./storage/names.js";
import { nextRevision } from "./storage/schema.js";

/** Makes a bank. @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_DUPLICATE_NAME` */
export function createBank(database: Database, audit: Audit, bank: NewBank): void {
  const { purpose, policy, negative } = checkBank(bank);
  const name = checkName("name", bank.name);
  database.transaction(() => {
    if (database.get("SELECT 1 FROM bank WHERE name = ?", name) !== undefined) {
      throw new BankError("ERR_EMPREINTE_DUPLICATE_NAME", `There is a bank ${name} already`);
    }
    const revision = nextRevision(database);
    const sql = "INSERT INTO bank (name, purpose, negative, since) VALUES (?, ?, ?, ?)";
    database.run(sql, name, purpose, negative ? 1 : 0, revision);
    addPolicy(database, bankNumber(database, name), revision, policy);
    audit("create", { bank: name, negative, policy });
  });
}

/** Replaces the policy of a bank. @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` */
export function setPolicy(database: Database, audit: Audit, bank: string, policy: Partial<Policy>): void {
  const checked = checkPolicy(policy);
  database.transaction(() => {
    const number = bankNumber(database, bank);
    addPolicy(database, number, nextRevision(database), checked);
    audit("policy", { bank, policy: checked });
  });
}

function addPolicy(database: Database, bank: number, revision: number, policy: Policy): void {
  database.run("INSERT INTO policy VALUES (?, ?, ?)", bank, revision, JSON.stringify(policy));
  logChange(database, revision, "policy", [bank]);
}
