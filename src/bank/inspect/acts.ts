/** Actions of people and programs outside the store, for the audit log. */
import { integer, invalidArgument } from "../../check.js";
import { InvalidArgumentError } from "../../errors.js";
import type { Database } from "../storage/database.js";
import { checkName } from "../storage/names.js";
import type { Audit } from "./audit.js";

const mostText = 512;
const mostDetails = 16;

/** Runs of hexadecimal digits that could be a hash. */
const couldBeHash = /[0-9a-f]{16}/i;

/** Checks a sentence that is kept. @throws {InvalidArgumentError} without repeating it. */
export function checkSentence(name: string, value: unknown): string {
  const fits = typeof value === "string" && value !== "" && value.length <= mostText && !/[\u0000-\u001f]/.test(value);
  if (fits && !couldBeHash.test(value)) return value;
  throw new InvalidArgumentError(`Expected a line of 1 to ${mostText} characters without a hash for ${name}`);
}

/** Records an act. See `BankStore.recordAct`. @throws {InvalidArgumentError} */
export function recordAct(
  database: Database,
  audit: Audit,
  act: string,
  detail: Readonly<Record<string, string | number>>,
): void {
  if (typeof detail !== "object" || detail === null) throw invalidArgument("detail", "object", detail);
  const given = Object.entries(detail);
  if (given.length > mostDetails || "act" in detail) {
    throw new InvalidArgumentError(`Expected at most ${mostDetails} names, none of them act, for detail`);
  }
  const checked = given.map(([name, value]) => {
    const kept =
      typeof value === "number" ? integer(name, value, 0, Number.MAX_SAFE_INTEGER) : checkSentence(name, value);
    return [checkName("detail", name), kept] as const;
  });
  const word = checkName("act", act);
  database.transaction(() => audit("act", { act: word, ...Object.fromEntries(checked) }));
}
