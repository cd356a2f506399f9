import { integer, invalidArgument, oneOf } from "../../check.js";
import { EmpreinteError, InvalidArgumentError } from "../../errors.js";
import { mostCrops } from "../../lists/crops.js";
import { type LabelLike, labelsText } from "../storage/labels.js";
import { partName } from "../storage/crop-names.js";
import { type SignalType, typeNumber, valueBytes } from "../storage/signals.js";

export interface SignalInput {
  type: SignalType;
  /** `pdq` and `vpdq`: as a `HashLike`; the others: hex digits. */
  value: string | Uint8Array;
  /** 0 … 100, where the source knows it. */
  quality?: number;
  /**
   * Of a `pdq` value that is the hash of a part of the entry's picture: the part's name, as `register` gives it
   * ("centre-10"), at most 24 lower-case letters, digits and hyphens. What matches it is asked to be reviewed unless the
   * bank's policy says otherwise, and it is left out wherever entries are given back unless it is asked for. A store keeps
   * 254 different names; further ones are "other".
   */
  derived?: string;
}

/** One entry as a source has it now. */
export interface EntryInput {
  /**
   * The source's own id of the entry, never its hash. A source that has none gives none: the store then tells entries
   * apart by a keyed digest of their signals, without the derived ones.
   */
  id?: string;
  /**
   * Of an active entry at least one that is not derived, and for each `pdq` that is not at most 60 derived ones; of a
   * withdrawn entry they are not read, unless it has no `id`.
   */
  signals?: readonly SignalInput[];
  labels?: readonly LabelLike[];
  cases?: readonly string[];
  /** Default `"active"`. `"withdrawn"`: the source has taken it back, whether it was here or not. */
  status?: "active" | "withdrawn";
  /** When the source last changed it: milliseconds since 1970, a `Date`, or ISO 8601, which without a zone is UTC. */
  time?: number | Date | string;
}

export interface CheckedSignal {
  type: number;
  value: Buffer;
  quality: number | undefined;
  /** The name of the part of the picture that it is the hash of; undefined: of the whole. */
  derived: string | undefined;
}

/** An entry that fits, in the store's terms. */
export interface CheckedEntry {
  key: string;
  signals: CheckedSignal[];
  /** One text for one set; "[]" for none. */
  labels: string;
  cases: string[];
  withdrawn: boolean;
  time: number | null;
}

const mostId = 1024;
const mostSignals = 65_536;
const mostLabels = 256;
const mostTime = 8.64e15;

function text(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= mostId && !value.includes("\0")) return value;
  throw invalidArgument(name, `text of at most ${mostId} characters`, value);
}

function list<T>(name: string, value: readonly T[] | undefined, most: number): readonly T[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length <= most) return value as readonly T[];
  throw invalidArgument(name, `array of at most ${most}`, value);
}

/** Milliseconds since 1970, or null for none. @throws {InvalidArgumentError} */
export function timeOf(name: string, value: unknown): number | null {
  if (value === undefined) return null;
  let time = Number.NaN;
  if (typeof value === "number") time = Math.floor(value);
  else if (value instanceof Date) time = value.getTime();
  else if (typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value)) {
    const zoned = value.length === 10 || /(Z|[+-]\d\d:?\d\d)$/i.test(value);
    time = Date.parse(zoned ? value : `${value}Z`);
  }
  if (time >= 0 && time <= mostTime) return time;
  throw invalidArgument(name, "time from 1970 on", value);
}

function checkSignal(signal: SignalInput): CheckedSignal {
  if (typeof signal !== "object" || signal === null) throw invalidArgument("signal", "{type, value, quality}", signal);
  const type = typeNumber(signal.type);
  const { quality, derived } = signal;
  if (derived !== undefined && signal.type !== "pdq") throw invalidArgument("type", "pdq beside derived", signal.type);
  return {
    type,
    value: valueBytes(type, signal.value),
    quality: quality === undefined ? undefined : integer("quality", quality, 0, 100),
    derived: derived === undefined ? undefined : partName(derived),
  };
}

/** Derived hashes are few beside the whole pictures they are of. @throws {InvalidArgumentError} */
function checkDerived(signals: readonly CheckedSignal[]): void {
  const derived = signals.filter((signal) => signal.derived !== undefined).length;
  const most = mostCrops * signals.filter(({ type, derived: part }) => type === 0 && part === undefined).length;
  if (derived > most) {
    throw new InvalidArgumentError(`Expected at most ${most} derived signals for signals but received ${derived}`);
  }
}

/**
 * @param digest keyed: what an entry without an id of its own is told by.
 * @throws {InvalidArgumentError} @throws {InvalidHashError}
 */
export function checkEntry(entry: EntryInput, digest: (text: string) => string): CheckedEntry {
  if (typeof entry !== "object" || entry === null) throw invalidArgument("entry", "{id, signals, …}", entry);
  const withdrawn = oneOf("status", entry.status ?? "active", ["active", "withdrawn"]) === "withdrawn";
  const needed = !withdrawn || entry.id === undefined;
  const signals = needed ? list("signals", entry.signals, mostSignals).map(checkSignal) : [];
  if (needed && signals.length === 0)
    throw new InvalidArgumentError("Expected at least one signal for signals but received none");
  checkDerived(signals);
  return {
    key: entry.id === undefined ? ownKey(signals, digest) : keyOf(entry.id, digest),
    signals: withdrawn ? [] : signals,
    labels: labelsText(list("labels", entry.labels, mostLabels)),
    cases: [...new Set(list("cases", entry.cases, mostLabels).map((name) => text("case", name)))].sort(),
    withdrawn,
    time: timeOf("time", entry.time),
  };
}

function ownKey(signals: readonly CheckedSignal[], digest: (text: string) => string): string {
  const own = signals.filter(({ derived }) => derived === undefined);
  return `~${digest(own.map(({ type, value }) => `${type}:${value.toString("hex")}`).join(" "))}`;
}

/** The key under which an id is kept. One that could be a hash, or a key made of one, is kept as its keyed digest. */
export function keyOf(id: unknown, digest: (text: string) => string): string {
  const key = text("id", id);
  const looksLikeHash = key.startsWith("~") || /^(0x)?[0-9a-f]{32,}$/i.test(key) || /^[a-z0-9+/_-]{43}=?$/i.test(key);
  return looksLikeHash ? `~${digest(`id ${key.toLowerCase()}`)}` : key;
}

/** Why an entry was passed over, without its values; any other error is thrown on. */
export function refusal(error: unknown): string {
  if (error instanceof EmpreinteError) return error.message;
  throw error;
}
