import { BankStore, type EntryInfo, type EntryName, type EntryNumber, type Label } from "../../../doors/bank.js";
import { EmpreinteError } from "../../../index.js";
import { UsageError } from "../../args.js";
import { textLine } from "../../io/names.js";
import type { Session } from "../../io/session.js";

/** The options of every command that changes a store. */
export const actorOption = { actor: { type: "string" } } as const;

/** The options that name entries of one source. */
export const sourceOptions = { bank: { type: "string" }, source: { type: "string" } } as const;

/** Opens the store, and closes it whatever happens. */
export async function withStore<T>(
  path: string,
  work: (store: BankStore) => T | Promise<T>,
  { actor, create = false }: { actor?: string | undefined; create?: boolean } = {},
): Promise<T> {
  const options = actor === undefined ? {} : { actor };
  const store = await (create ? BankStore.create(path, options) : BankStore.open(path, options));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** FILE, and what is behind it. */
export function fileAnd(positionals: string[], others: string): [file: string, ...rest: string[]] {
  const [file, ...rest] = positionals;
  if (file === undefined || (rest.length === 0 && others !== "")) {
    throw new UsageError(`Expected FILE${others === "" ? "" : ` and ${others}`}`);
  }
  return [file, ...rest];
}

/** FILE alone. */
export function onlyStore(positionals: string[]): string {
  const [file, ...rest] = fileAnd(positionals, "");
  if (rest.length > 0) throw new UsageError("Expected one FILE");
  return file;
}

/** An entry as the command line names it: by its source's id, or `#17`, by the store's number. */
export function entryNamed(text: string, values: { bank?: string; source?: string }): EntryName | EntryNumber {
  const number = /^#(\d{1,15})$/.exec(text)?.[1];
  if (number !== undefined) return { entryNumber: Number(number) };
  const { bank, source } = values;
  if (bank === undefined || source === undefined) {
    throw new UsageError("Expected --bank and --source for an entry that is named by its source's id");
  }
  return { bank, source, entryId: text };
}

export const labelText = ({ scheme, version, code }: Label): string =>
  version === undefined ? `${scheme}:${code}` : `${scheme}@${version}:${code}`;

const most = 200;

/** The first 8 digits of each value, behind its type or, of a derived one, its part's name. */
export const shortSignals = ({ signals }: EntryInfo): string[] =>
  signals.slice(0, most).map(({ type, value, derived }) => `${derived ?? type} ${value.slice(0, 8)}`);

/** A line an entry: `#17`, bank, source, entry, status, reason or labels, its signals in short. */
export function entryLine(entry: EntryInfo): string {
  const { number, bank, source, status, labels, reason, flooded } = entry;
  const state = flooded === true ? "flooded" : status;
  const fields = [`#${number}`, bank, source, entry.entry ?? "", state, reason ?? labels.map(labelText).join(" ")];
  return textLine([...fields, shortSignals(entry).join(", ")], "\t");
}

/** The same as JSON, its values cut to 8 digits. */
export function entryJson(entry: EntryInfo): string {
  const signals = entry.signals.map((signal) => ({ ...signal, value: signal.value.slice(0, 8) }));
  return JSON.stringify({ ...entry, signals });
}

/** Runs `work`; an error of ours about this name is a sentence and `false`. */
export async function orNoted(session: Session, work: () => Promise<unknown> | unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof EmpreinteError) || error.code === "ERR_EMPREINTE_INVALID_ARGUMENT") throw error;
    session.note(error.message);
    return false;
  }
}
