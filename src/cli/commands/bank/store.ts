import type { BankStore, EntryInfo, EntryName, EntryNumber } from "../../../doors/bank.js";
import type { Label } from "../../../doors/lists.js";
import { defined } from "../../io/defined.js";
import { jsonText, textLine } from "../../io/names.js";
import type { Session } from "../../io/session.js";
import { UsageError } from "../../table/parse.js";

/** Opens the store, and closes it whatever happens. */
export async function withStore<T>(
  path: string,
  work: (store: BankStore) => T | Promise<T>,
  {
    actor,
    localKey,
    create = false,
  }: { actor?: string | undefined; localKey?: Uint8Array | undefined; create?: boolean } = {},
): Promise<T> {
  const { BankStore: Store } = await import("../../../doors/bank.js");
  const options = defined({ actor, localKey });
  const store = await (create ? Store.create(path, options) : Store.open(path, options));
  localKey?.fill(0);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** An entry as the command line names it: by its source's id, or `#17`, by the store's number. */
export function entryNamed(
  text: string,
  { bank, source }: { bank: string | undefined; source: string | undefined },
): EntryName | EntryNumber {
  const number = /^#(\d{1,15})$/.exec(text)?.[1];
  if (number !== undefined) return { entryNumber: Number(number) };
  if (bank === undefined || source === undefined) {
    throw new UsageError("Expected --bank and --source for an entry that is named by its source's id");
  }
  return { bank, source, entryId: text };
}

export const labelText = ({ scheme, version, code }: Label): string =>
  version === undefined ? `${scheme}:${code}` : `${scheme}@${version}:${code}`;

const mostSignals = 200;

/** Returns the first 8 digits of each value, after its type or, for a crop's hash, the crop's name. */
const shortSignals = ({ signals }: EntryInfo): string[] =>
  signals.slice(0, mostSignals).map(({ type, value, crop }) => `${crop ?? type} ${value.slice(0, 8)}`);

/** A line for an entry: `#17`, bank, source, entry id, status, reason or labels, its signals in short. */
export function entryLine(entry: EntryInfo): string {
  const { entryNumber, bank, source, entryId, status, labels, reason, flooded } = entry;
  const state = flooded === true ? "flooded" : status;
  const fields = [`#${entryNumber}`, bank, source, entryId ?? "", state, reason ?? labels.map(labelText).join(" ")];
  return textLine([...fields, shortSignals(entry).join(", ")], "\t");
}

/** Returns an entry as JSON, its values cut to 8 digits. */
export function entryJson(entry: EntryInfo): string {
  const signals = entry.signals.map((signal) => ({ ...signal, value: signal.value.slice(0, 8) }));
  return jsonText({ ...entry, signals });
}

/** Runs `work`. An error of the library that is about an input is printed, and the answer is `false`. */
export async function orNoted(session: Session, work: () => Promise<unknown> | unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    const ours = error instanceof Error && typeof code === "string" && code.startsWith("ERR_EMPREINTE_");
    if (!ours || code === "ERR_EMPREINTE_INVALID_ARGUMENT") throw error;
    session.note(error.message);
    return false;
  }
}
