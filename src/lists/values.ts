import { EmpreinteError } from "../errors.js";
import { hashToHex } from "../hash/value.js";
import type { SignalType } from "./entry.js";

const lower: Record<SignalType, RegExp> = {
  pdq: /^[0-9a-f]{64}$/,
  vpdq: /^[0-9a-f]{64}$/,
  md5: /^[0-9a-f]{32}$/,
  sha1: /^[0-9a-f]{40}$/,
  sha256: /^[0-9a-f]{64}$/,
};

/** What a value of each type looks like, for the sentence of a problem. */
export const expectedValue: Record<SignalType, string> = {
  pdq: "64 hex digits or 44 base64 characters",
  vpdq: "64 hex digits or 44 base64 characters",
  md5: "32 hex digits",
  sha1: "40 hex digits",
  sha256: "64 hex digits",
};

/**
 * Returns a value as lower-case hex, or undefined if it is not of the type. Case, white space around it and `0x` do not
 * matter.
 */
export function signalValue(type: SignalType, text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  if (lower[type].test(text)) return text;
  if (type === "pdq" || type === "vpdq") {
    try {
      return hashToHex(text);
    } catch (error) {
      if (error instanceof EmpreinteError) return undefined;
      throw error;
    }
  }
  const plain = text.trim().toLowerCase().replace(/^0x/, "");
  return lower[type].test(plain) ? plain : undefined;
}

/** The names that lists use for the types that can be searched for, without case, dashes and underscores. */
const names: Record<string, SignalType> = {
  pdq: "pdq",
  imagepdq: "pdq",
  hashpdq: "pdq",
  vpdq: "vpdq",
  md5: "md5",
  videomd5: "md5",
  hashmd5: "md5",
  hashvideomd5: "md5",
  sha1: "sha1",
  hashsha1: "sha1",
  sha256: "sha256",
  hashsha256: "sha256",
};

const known = new Map<string, SignalType | undefined>();

/** Returns the signal type that a format's name stands for, or undefined for one that cannot be searched for. */
export function signalType(name: string): SignalType | undefined {
  if (known.has(name)) return known.get(name);
  const type = names[name.toLowerCase().replace(/[-_ ]/g, "")];
  // Lists have a handful of names. A hostile list must not fill the cache with invented ones.
  if (known.size < 256) known.set(name, type);
  return type;
}

const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * Reads ISO 8601 as milliseconds since 1970. A time without a zone is UTC. Returns null for no time (empty, or before
 * 1970, which programs write that do not know one), and undefined for anything that is not a time.
 */
export function timeOf(text: unknown): number | null | undefined {
  if (text === undefined || text === null || text === "") return null;
  if (typeof text === "number") return unixTime(text);
  const parts = typeof text === "string" ? iso.exec(text.trim()) : null;
  if (parts === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = parts;
  const milliseconds = fraction === "" ? 0 : Math.floor(Number(`0.${fraction}`) * 1000 + 1e-6);
  const [m, d, h, min, s] = [Number(month), Number(day), Number(hour), Number(minute), Number(second)];
  const at = Date.UTC(Number(year), m - 1, d, h, min, s, milliseconds);
  if (m < 1 || m > 12 || d < 1 || h > 24 || min > 59 || s > 60) return undefined;
  if (d > 28 && new Date(Date.UTC(2000, m - 1, d)).getUTCDate() !== d) return undefined;
  const offset = zone.length === 1 ? null : /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  const behind = offset ? (offset[1] === "-" ? -1 : 1) * (60 * Number(offset[2]) + Number(offset[3] ?? 0)) : 0;
  const time = at - behind * 60_000;
  return time < 0 || Number(year) < 1970 ? null : time;
}

/** Reads seconds since 1970, or milliseconds if the number is too large for seconds, as milliseconds. */
export function unixTime(value: unknown): number | null | undefined {
  if (value === undefined || value === null || value === "") return null;
  const seconds = typeof value === "string" && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
  if (typeof seconds !== "number" || !(seconds >= 0)) return undefined;
  const time = Math.round(seconds > 1e11 ? seconds : 1000 * seconds);
  return time <= 8.64e15 ? time : undefined;
}

/** Reads `true`, `"true"`, `"True"`, `1`, `"1"`, `"yes"` and their opposites. Anything else is undefined. */
export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") return undefined;
  if (/^\s*(true|1|yes)\s*$/i.test(text)) return true;
  return /^\s*(false|0|no)\s*$/i.test(text) ? false : undefined;
}

/** Reads a number, also one that is written as text. Anything else is undefined. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads text without the white space around it, also from a number. Empty text is undefined. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** Shortens the name of a type or column for a message. In a list with shifted columns it may be a hash. */
export function shownName(name: string): string {
  const short = name.replace(/[0-9a-z+/]{9,}/gi, (run) =>
    /\d/.test(run) || /^[a-f]+$/i.test(run) || run.length > 24 ? `${run.slice(0, 8)}…` : run,
  );
  return short.length > 32 ? `${short.slice(0, 31)}…` : short;
}
