// Entries for the tests of banks: five entries of three signals a case, the same for the same number everywhere.
import { createHash } from "node:crypto";

/** A hash nobody else has. */
export const hashOf = (number, entry, signal) =>
  createHash("sha256").update(`bank ${number} ${entry} ${signal}`).digest("hex");

export function entriesOfCase(number) {
  return Array.from({ length: 5 }, (_, entry) => ({
    id: `n${number}-${entry}`,
    cases: [`case ${number}`],
    signals: [0, 1, 2].map((signal) => ({ type: "pdq", value: hashOf(number, entry, signal) })),
  }));
}

/** The values of a case. */
export const hashesOfCase = (number) =>
  entriesOfCase(number).flatMap(({ signals }) => signals.map(({ value }) => value));
