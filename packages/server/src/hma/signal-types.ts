/** HMA's types of signals and of content, and what they are here. */
import type { CheckQuery } from "empreinte/bank";
import { hashToHex } from "empreinte";
import type { State } from "../core/state.js";
import { message } from "./params.js";

export const contentTypes = ["photo", "video"] as const;
export type ContentType = (typeof contentTypes)[number];

export const signalTypes = ["pdq", "video_md5"] as const;
export type HmaSignalType = (typeof signalTypes)[number];

const typeOfContent: Record<ContentType, HmaSignalType> = { photo: "pdq", video: "video_md5" };

/** The name of the same type in the store. */
export const storedType: Record<HmaSignalType, "pdq" | "md5"> = { pdq: "pdq", video_md5: "md5" };

export const isSignalType = (name: string): name is HmaSignalType => (signalTypes as readonly string[]).includes(name);

export function contentType(name: string): ContentType {
  const found = contentTypes.find((type) => type === name);
  if (found === undefined) throw message(400, `no such content_type: '${name}'`);
  return found;
}

type Ratios = ReadonlyMap<HmaSignalType, number>;

/** What was read last, which holds until the state changes. Every lookup asks for it. */
const read = new WeakMap<State, { version: string; ratios: Ratios }>();

/**
 * Returns the types of signals with the shares that HMA's clients have set. A share of 0 switches a type off.
 * @param version the state's version, where the caller has read it since the request came.
 */
export function signalTypeRatios(state: State, version: string = state.version): Ratios {
  const before = read.get(state);
  if (before?.version === version) return before.ratios;
  const ratios = new Map<HmaSignalType, number>(signalTypes.map((name) => [name, 1]));
  for (const [name, ratio] of state.all<[string, number]>("SELECT name, ratio FROM hma_signal_type")) {
    if (isSignalType(name)) ratios.set(name, ratio);
  }
  read.set(state, { version, ratios });
  return ratios;
}

/** The types that a content of this kind is hashed to, of those that a caller names. @throws {ServiceError} 400, 500 */
export function typesOf(state: State, content: ContentType, wanted: readonly string[] | undefined): HmaSignalType[] {
  const own = typeOfContent[content];
  const enabled = (signalTypeRatios(state).get(own) ?? 0) > 0 ? [own] : [];
  if (enabled.length === 0) throw message(500, "No signal types configured!");
  if (wanted === undefined) return enabled;
  const unknown = wanted.find((name) => !(enabled as string[]).includes(name));
  if (unknown !== undefined) throw message(400, `signal type '${unknown}' doesn't exist or is disabled`);
  return enabled.filter((name) => wanted.includes(name));
}

/** Checks a type that a caller names. @throws {ServiceError} 400 */
export function signalType(state: State, name: string): HmaSignalType {
  if (!isSignalType(name)) throw message(400, `No such SignalType '${name}'`);
  if ((signalTypeRatios(state).get(name) ?? 0) === 0) throw message(400, `SignalType '${name}' is not enabled`);
  return name;
}

/** Whether a text is a value of a type. HMA takes capital digits, too. */
export function validSignal(type: HmaSignalType, value: string): string {
  const text = value.trim().toLowerCase();
  const digits = type === "pdq" ? 64 : 32;
  if (!new RegExp(`^[0-9a-f]{${digits}}$`).test(text)) {
    throw message(400, `invalid signal: a ${type} signal has ${digits} hexadecimal digits`);
  }
  return type === "pdq" ? hashToHex(text) : text;
}

/** Returns the query of one value. The digests that are not known are left out. */
export const queryOf = (type: HmaSignalType, value: string): CheckQuery =>
  type === "pdq" ? { hash: value } : { digests: { md5: value } };
