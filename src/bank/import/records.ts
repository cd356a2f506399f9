/** What a source gives for its entries, checked. */
import { integer, invalidArgument, oneOf } from "../../check.js";
import { EmpreinteError, InvalidArgumentError } from "../../errors.js";
import { mostCrops } from "../../lists/crops.js";
import type { ListPosition, SignalType } from "../../lists/entry.js";
import { checkCropName } from "../storage/crop-names.js";
import type { KeyedDigest } from "../storage/keyed-digest.js";
import { type LabelLike, labelsText } from "../storage/labels.js";
import { type FrameTime, mostFrameNumber, mostSeconds } from "../storage/frame-times.js";
import { frameType, typeNumber, valueBytes } from "../storage/signals.js";

/** One value of an entry. */
export interface SignalInput {
  type: SignalType;
  /** For `pdq` and `vpdq` a `HashLike`; for the digests hex digits. */
  value: string | Uint8Array;
  /** The quality, 0 … 100, where the source knows it. */
  quality?: number;
  /**
   * The name of the crop, where a `pdq` value is the hash of a crop of the entry's image: at most 24 lower-case
   * letters, digits and hyphens, such as "centre-10" (see `hashWithCrops`). A match by a crop asks for a review, unless
   * the policy of the bank has a `cropAction`. Entries are listed without their crops unless `crops` is set. A store
   * keeps 254 different names and calls all further ones "other".
   */
  crop?: string;
  /**
   * The time of the frame in its video, 0 … 1,000,000 seconds, of a `vpdq` value. The store keeps it to the
   * microsecond. The values of an entry with a time are one video, which `Matcher.checkVideo` finds by the stretches
   * that an upload shares with it. A `vpdq` value without a time matches as an image does.
   */
  timestampSeconds?: number;
  /** The number of the frame, 0 … 2^32 − 1, beside `timestampSeconds`. Default: its place among the signals, from 0. */
  frame?: number;
}

/** One entry as its source has it now. Every `ListEntry` of `empreinte/lists` is one. */
export interface EntryInput {
  /**
   * The source's own id of the entry, never its hash. Without an id the store recognizes the entry by a keyed digest of
   * its signals, crops excepted.
   */
  id?: string;
  /**
   * The signals. An active entry needs at least one that is not a crop, and may have at most 60 crops for each `pdq`
   * that is not a crop. The signals of a withdrawn entry are read only where it has no `id`.
   */
  signals?: readonly SignalInput[];
  labels?: readonly LabelLike[];
  /** The numbers of the cases that the entry belongs to. */
  cases?: readonly string[];
  /**
   * `"withdrawn"` means that the source has taken the entry back, whether the store has it or not. `"quarantined"`
   * means that the source does not say that the entry is active: it is kept and does not match until a record says so,
   * or until it is released. Default `"active"`.
   */
  status?: "active" | "quarantined" | "withdrawn";
  /** When the source last changed it: milliseconds since 1970, a `Date`, or ISO 8601 (in UTC where it has no zone). */
  time?: number | Date | string;
  /** Where in its list the entry is, for problems. `openList` sets it. */
  position?: ListPosition;
}

export interface CheckedSignal {
  type: number;
  value: Buffer;
  quality: number | undefined;
  /** The name of the crop, or undefined for the hash of a whole image. */
  crop: string | undefined;
  /** Where the frame is in the entry's video, for a signal of `frameType`. */
  time: FrameTime | undefined;
}

/** A checked entry, in the store's terms. */
export interface CheckedEntry {
  key: string;
  signals: CheckedSignal[];
  /** The labels as one text; "[]" for none. */
  labels: string;
  cases: string[];
  withdrawn: boolean;
  /** Whether the source itself holds it back. */
  held: boolean;
  time: number | null;
}

export const mostId = 1024;
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

/** Reads a time as milliseconds since 1970; undefined gives null. @throws {InvalidArgumentError} */
export function parseTime(name: string, value: unknown): number | null {
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

/** Checks the time of a frame. @throws {InvalidArgumentError} */
function checkTime({ type, timestampSeconds, frame }: SignalInput, position: number): FrameTime | undefined {
  if (timestampSeconds === undefined) return undefined;
  if (type !== "vpdq") throw invalidArgument("type", "vpdq for a signal with a time", type);
  const isTime = typeof timestampSeconds === "number" && timestampSeconds >= 0 && timestampSeconds <= mostSeconds;
  if (!isTime) {
    throw invalidArgument("timestampSeconds", `number from 0 to ${mostSeconds}`, timestampSeconds);
  }
  return {
    frame: integer("frame", frame ?? position, 0, mostFrameNumber),
    seconds: Math.round(1e6 * timestampSeconds) / 1e6,
  };
}

/** Checks a signal. @throws {InvalidArgumentError} @throws {InvalidHashError} */
function checkSignal(signal: SignalInput, position: number): CheckedSignal {
  if (typeof signal !== "object" || signal === null) throw invalidArgument("signal", "{type, value, quality}", signal);
  const time = checkTime(signal, position);
  const type = time === undefined ? typeNumber(signal.type) : frameType;
  const { quality, crop } = signal;
  if (crop !== undefined && signal.type !== "pdq")
    throw invalidArgument("type", "pdq for a signal with a crop", signal.type);
  return {
    type,
    value: valueBytes(type, signal.value),
    quality: quality === undefined ? undefined : integer("quality", quality, 0, 100),
    crop: crop === undefined ? undefined : checkCropName(crop),
    time,
  };
}

/** Refuses more crops than whole images can have. @throws {InvalidArgumentError} */
function checkCrops(signals: readonly CheckedSignal[]): void {
  const crops = signals.filter(({ crop }) => crop !== undefined).length;
  const most = mostCrops * signals.filter(({ type, crop }) => type === 0 && crop === undefined).length;
  if (crops > most) {
    throw new InvalidArgumentError(`Expected at most ${most} crops for signals but received ${crops}`);
  }
}

/**
 * Checks an entry.
 * @param digest makes the key of an entry without an id.
 * @throws {InvalidArgumentError} @throws {InvalidHashError}
 */
export function checkEntry(entry: EntryInput, digest: KeyedDigest): CheckedEntry {
  if (typeof entry !== "object" || entry === null) throw invalidArgument("entry", "{id, signals, …}", entry);
  const { status = "active" } = entry;
  const withdrawn = oneOf("status", status, ["active", "quarantined", "withdrawn"]) === "withdrawn";
  const needed = !withdrawn || entry.id === undefined;
  const signals = needed ? list("signals", entry.signals, mostSignals).map(checkSignal) : [];
  if (needed && signals.length === 0)
    throw new InvalidArgumentError("Expected at least one signal for signals but received none");
  checkCrops(signals);
  return {
    key: entry.id === undefined ? keyOfSignals(signals, digest) : entryKey(entry.id, digest),
    signals: withdrawn ? [] : signals,
    labels: labelsText(list("labels", entry.labels, mostLabels)),
    cases: [...new Set(list("cases", entry.cases, mostLabels).map((name) => text("case", name)))].sort(),
    withdrawn,
    held: status === "quarantined",
    time: parseTime("time", entry.time),
  };
}

/** Returns the key of an entry without an id, from its signals. */
function keyOfSignals(signals: readonly CheckedSignal[], digest: KeyedDigest): string {
  const own = signals.filter(({ crop }) => crop === undefined);
  // A frame is the same with its time and without.
  const number = (type: number): number => (type === frameType ? typeNumber("vpdq") : type);
  return `~${digest(own.map(({ type, value }) => `${number(type)}:${value.toString("hex")}`).join(" "))}`;
}

/** Returns the key of an id. An id that could be a hash, or that looks like a key, is kept as its keyed digest. */
export function entryKey(id: unknown, digest: KeyedDigest): string {
  const key = text("id", id);
  const looksLikeHash = key.startsWith("~") || /^(0x)?[0-9a-f]{32,}$/i.test(key) || /^[a-z0-9+/_-]{43}=?$/i.test(key);
  return looksLikeHash ? `~${digest(`id ${key.toLowerCase()}`)}` : key;
}

/** Returns whether a key is the source's own id, not a digest. */
export const isSourcesId = (key: string): boolean => !key.startsWith("~");

/** Returns why an entry was refused, without its values. It throws any other error again. */
export function refusalReason(error: unknown): string {
  if (error instanceof EmpreinteError) return error.message;
  throw error;
}
