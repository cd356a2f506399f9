import { BankError } from "../../errors.js";

/**
 * Reads JSON that the store wrote.
 * @param what names it in the error.
 * @param isRight whether the value has the right shape.
 * @throws {BankError} `ERR_EMPREINTE_BANK_FILE` for anything else: the file was changed by something else.
 */
export function parseStored<T>(text: string, what: string, isRight: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(text);
    if (isRight(value)) return value;
  } catch {
    // The error below says so.
  }
  throw new BankError("ERR_EMPREINTE_BANK_FILE", `The store is damaged (${what})`);
}
