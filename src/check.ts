import { types } from "node:util";
import { InvalidArgumentError } from "./errors.js";

/** Returns a value as an error shows it: text is cut to 8 characters, and the content of a buffer is never shown. */
function shown(value: unknown): string {
  if (typeof value === "string") return value.length > 8 ? `"${value.slice(0, 8)}…"` : `"${value}"`;
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  if (value === undefined) return "nothing";
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Makes the error "Expected integer between 0 and 256 for radius but received 300 of type number". */
export function invalidArgument(name: string, expected: string, actual: unknown): InvalidArgumentError {
  const type = actual === undefined ? "" : ` of type ${actual === null ? "null" : typeof actual}`;
  return new InvalidArgumentError(`Expected ${expected} for ${name} but received ${shown(actual)}${type}`);
}

/** Returns whether a value is a `Uint8Array` of any realm, and not only an object with its prototype. */
export const isBytes = (value: unknown): value is Uint8Array => types.isUint8Array(value);

/** Returns `value` when it is a `Uint8Array` that has its memory. @throws {InvalidArgumentError} otherwise. */
export function bytes(name: string, value: unknown): Uint8Array {
  if (!isBytes(value)) throw invalidArgument(name, "Uint8Array", value);
  if (value.length === 0 && isTransferred(value)) {
    throw new InvalidArgumentError(`The memory of ${name} was transferred to another thread`);
  }
  return value;
}

function isTransferred({ buffer }: Uint8Array): boolean {
  try {
    return new Uint8Array(buffer).length < 0;
  } catch {
    return true;
  }
}

/** Returns whether a value can be iterated and is no text. An object that only has the prototype of bytes cannot. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) return false;
  return isBytes(value) || !(value instanceof Uint8Array);
}

/** Returns `value` when it can be iterated and is no text. @throws {InvalidArgumentError} otherwise. */
export function iterable<T>(name: string, value: Iterable<T>, expected: string): Iterable<T> {
  if (isIterable(value)) return value;
  throw invalidArgument(name, expected, value);
}

/** Returns `value` when it is an integer from `least` to `most`. @throws {InvalidArgumentError} otherwise. */
export function integer(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  const upTo =
    most === Number.MAX_SAFE_INTEGER ? `integer of at least ${least}` : `integer between ${least} and ${most}`;
  throw invalidArgument(name, upTo, value);
}

/** Returns `value` when it is a finite number above 0. @throws {InvalidArgumentError} otherwise. */
export function positive(name: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw invalidArgument(name, "number above 0", value);
}

/** Returns `value` when it is a boolean. @throws {InvalidArgumentError} otherwise. */
export function boolean(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw invalidArgument(name, "boolean", value);
}

/** Returns `value` when it is one of `allowed`. @throws {InvalidArgumentError} otherwise. */
export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw invalidArgument(name, `one of ${allowed.join(", ")}`, value);
}

/** Returns `value` when it is text with at least one character. @throws {InvalidArgumentError} otherwise. */
export function filledText(name: string, value: unknown, expected = "text"): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalidArgument(name, expected, value);
}

/** Returns `value` when it is a function or undefined. @throws {InvalidArgumentError} otherwise. */
export function checkCallback<T extends ((...given: never[]) => unknown) | undefined>(name: string, value: T): T {
  if (value === undefined || typeof value === "function") return value;
  throw invalidArgument(name, "function", value);
}

/**
 * Returns an options object, `{}` for undefined. Every key must be in `known`. Errors call it `name`.
 * @throws {InvalidArgumentError} for another value or an unknown key.
 */
export function checkOptions<T extends object>(
  value: T | undefined,
  known: readonly string[],
  name = "options",
): Partial<T> {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null) throw invalidArgument(name, "object", value);
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new InvalidArgumentError(`Unknown option ${key}; known are ${known.join(", ")}`);
  }
  return value;
}

/** Returns `value` when it is an `AbortSignal` or undefined. @throws {InvalidArgumentError} otherwise. */
export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw invalidArgument("signal", "AbortSignal", value);
}
