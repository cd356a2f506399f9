/** The sources that are fetched: their settings, as memos of the store. */
import type { BankStore } from "empreinte/bank";
import { baseOf, type ClientSettings, kinds, sourceKinds } from "../clients/kinds.js";
import { ExchangeError, invalid } from "../errors.js";
import { checkReference } from "../secrets.js";

/** A source that is fetched. Its secrets are not in it, only where they are. */
export interface SourceSettings extends ClientSettings {
  bank: string;
  source: string;
  /** Seconds between two fetches, 10 … 2,592,000. */
  intervalSeconds: number;
  /** Whether what analysts say goes back to the exchange. */
  feedback: boolean;
}

const prefix = "exchange/source/";
const nameOf = ({ bank, source }: { bank: string; source: string }): string => `${prefix}${bank}/${source}`;

/** What is given for a new source. */
export interface NewSource extends Omit<SourceSettings, "intervalSeconds" | "feedback"> {
  intervalSeconds?: number;
  feedback?: boolean;
}

/**
 * Adds a source, or replaces its settings. Its bank must be there.
 * @throws {ExchangeError} `ERR_EMPREINTE_INVALID_ARGUMENT` for what is unknown, missing or a secret itself.
 */
export function addSource(store: BankStore, given: NewSource): SourceSettings {
  const { bank, source, kind, base, secrets, options } = given;
  if (!sourceKinds.includes(kind)) throw invalid("kind", `one of ${sourceKinds.join(", ")}`);
  for (const [what, name] of [
    ["bank", bank],
    ["source", source],
  ] as const) {
    if (name === "" || name.length > 100 || name.includes("/"))
      throw invalid(what, "a name of 1 to 100 characters without /");
  }
  if (!store.banks().some(({ name }) => name === bank)) {
    throw new ExchangeError("ERR_EMPREINTE_UNKNOWN_NAME", `There is no bank ${bank}; empreinte bank create makes it`);
  }
  const info = kinds[kind];
  const needed = info.secrets.filter((name) => !name.endsWith("?"));
  const known = info.secrets.map((name) => name.replace("?", ""));
  for (const name of needed)
    if (secrets[name] === undefined) throw invalid(`secret ${name}`, "file:PATH, env:NAME or credential:NAME");
  for (const [name, where] of Object.entries(secrets)) {
    if (!known.includes(name)) throw invalid("secret", `one of ${known.join(", ")}`);
    checkReference(name, where);
  }
  for (const name of Object.keys(options)) {
    if (!info.options.includes(name))
      throw invalid("option", info.options.length > 0 ? `one of ${info.options.join(", ")}` : "none");
  }
  baseOf(given);
  if (base !== undefined && /^https?:/.test(base)) checkAddress(base);
  const { intervalSeconds = info.intervalSeconds, feedback = false } = given;
  if (!Number.isInteger(intervalSeconds) || intervalSeconds < 10 || intervalSeconds > 2_592_000) {
    throw invalid("interval", "a whole number of seconds from 10 to 2592000");
  }
  const settings: SourceSettings = {
    bank,
    source,
    kind,
    ...(base !== undefined && { base }),
    secrets,
    options,
    intervalSeconds,
    feedback,
  };
  store.writeMemo(nameOf(settings), JSON.stringify(settings));
  return settings;
}

/** An address that is kept has no secret in it. @throws {ExchangeError} */
function checkAddress(base: string): void {
  const { username, password, search, hash } = URL.canParse(base) ? new URL(base) : { search: "?" };
  if (username || password || search || hash)
    throw invalid("base", "an address without user, password, query and fragment");
}

/** Returns the sources by their names. */
export function sourcesOf(store: BankStore): SourceSettings[] {
  return store.memos(prefix).map(({ text }) => JSON.parse(text) as SourceSettings);
}

/** Returns one source. @throws {ExchangeError} `ERR_EMPREINTE_UNKNOWN_NAME` */
export function findSource(store: BankStore, bank: string, source: string): SourceSettings {
  const found = sourcesOf(store).find((one) => one.bank === bank && one.source === source);
  if (found !== undefined) return found;
  throw new ExchangeError("ERR_EMPREINTE_UNKNOWN_NAME", `No source ${bank}/${source} is fetched; see exchange status`);
}

/**
 * Fetches the source no longer. Its entries stay, and its position, from which it goes on when it is added again. What
 * a whole fetch has named so far is forgotten. Returns whether it was fetched.
 */
export async function removeSource(store: BankStore, bank: string, source: string): Promise<boolean> {
  const from = { bank, source };
  const name = nameOf(from);
  if (!store.memos(name).some((memo) => memo.name === name)) return false;
  store.writeMemo(name, undefined);
  store.reportSource(from, undefined);
  const has = store.sources().some((one) => one.bank === bank && one.source === source);
  if (has) await store.import(from, [], { saveIndex: false });
  return true;
}
