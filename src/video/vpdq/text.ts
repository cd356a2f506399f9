import { InvalidArgumentError, InvalidHashError } from "../../errors.js";
import { oneOf } from "../../check.js";
import { hashToHex } from "../../hash/value.js";
import { checkFrames, type VpdqFrame } from "./frames.js";

/**
 * The three forms of vPDQ files.
 *
 * - `"lines"` is the form of the C++ tools: a line `frame,quality,hash,timestamp` for each frame.
 * - `"json"` is the form of python-threatexchange: an array of `"hash,quality,timestamp"`, without frame numbers.
 * - `"json-object"` is its older form: an object from frame number to `{"quality", "hash", "timestamp"}`.
 */
export type VpdqForm = "lines" | "json" | "json-object";

const forms: readonly VpdqForm[] = ["lines", "json", "json-object"];

/** Returns the error for a feature that cannot be read. It names the place in the text. */
function malformed(where: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`Expected ${expected} in ${where} of the vPDQ text`);
}

/** Reads a whole number, which may be written as a float: `"100"`, `"100.0"`. */
function whole(text: string, most: number, name: string, where: string): number {
  const value = /^\s*\d+(\.0*)?\s*$/.test(text) ? Number(text) : NaN;
  if (Number.isInteger(value) && value <= most) return value;
  throw malformed(where, `${name} of 0 … ${most}`);
}

/**
 * Reads seconds, also with an exponent: python-threatexchange writes three significant digits, 3.73e+03 for 3,725.5.
 */
function seconds(text: string, where: string): number {
  const value = /^\s*\d+(\.\d*)?(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : NaN;
  if (Number.isFinite(value)) return value;
  throw malformed(where, "a timestamp in seconds");
}

function feature(number: string, hash: unknown, quality: unknown, time: unknown, where: string): VpdqFrame {
  const most = Number.MAX_SAFE_INTEGER;
  let hex: string;
  try {
    if (typeof hash !== "string" || !/^\s*[0-9a-f]{64}\s*$/i.test(hash)) throw malformed(where, "64 hex digits");
    hex = hashToHex(hash);
  } catch (error) {
    throw error instanceof InvalidHashError ? malformed(where, "a hash") : error;
  }
  return {
    number: whole(number, most, "a frame number", where),
    timestampSeconds: seconds(String(time), where),
    hash: hex,
    quality: whole(String(quality), 100, "a quality", where),
  };
}

function fromLines(text: string): VpdqFrame[] {
  const frames: VpdqFrame[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const where = `line ${i + 1}`;
    const parts = line.split(",");
    if (parts.length !== 4) throw malformed(where, "frame,quality,hash,timestamp");
    frames.push(feature(parts[0]!, parts[2], parts[1], parts[3], where));
  }
  return frames;
}

function fromArray(values: unknown[]): VpdqFrame[] {
  return values.map((value, i) => {
    const where = `entry ${i + 1}`;
    const parts = typeof value === "string" ? value.split(",") : [];
    if (parts.length !== 3) throw malformed(where, '"hash,quality,timestamp"');
    return feature(String(i), parts[0], parts[1], parts[2], where);
  });
}

function fromObject(values: object): VpdqFrame[] {
  const frames = Object.entries(values).map(([number, value]: [string, unknown]) => {
    const where = `frame ${number.slice(0, 20)}`;
    if (typeof value !== "object" || value === null) throw malformed(where, '{"quality", "hash", "timestamp"}');
    const { hash, quality, timestamp } = value as Record<string, unknown>;
    return feature(number, hash, quality, timestamp, where);
  });
  return frames.sort((a, b) => a.number - b.number);
}

/**
 * Reads vPDQ features in any of the three forms, which it recognizes by content. An array has no frame numbers, so its
 * frames are numbered from 0.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the text is malformed. The message names the line,
 * entry or frame.
 *
 * @example
 * const frames = readVpdq(await readFile("known.vpdq.txt", "utf8"));
 */
export function readVpdq(text: string): VpdqFrame[] {
  if (typeof text !== "string") throw new InvalidArgumentError("Expected the text of a vPDQ file");
  const body = text.replace(/^\uFEFF/, "").trim();
  if (!/^[[{]/.test(body)) return fromLines(body);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new InvalidArgumentError("The vPDQ text begins as JSON, but is not valid JSON");
  }
  return Array.isArray(value) ? fromArray(value) : fromObject(value as object);
}

/**
 * Writes vPDQ features. Timestamps have three decimals in every form. The three significant digits of
 * python-threatexchange would lose seconds after a quarter of an hour, and it reads three decimals as well.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: `form` is none of the three, or a frame's field is
 * of the wrong kind.
 * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`: a frame's hash is malformed.
 *
 * @example
 * const { frames } = await hashVideo("clip.mp4", { sampling: { fps: 1 }, compat: "vpdq" });
 * await writeFile("clip.txt", writeVpdq(frames));
 */
export function writeVpdq(frames: Iterable<VpdqFrame>, form: VpdqForm = "lines"): string {
  oneOf("form", form, forms);
  const rows = checkFrames("frames", frames).map(({ timestampSeconds, ...frame }) => ({
    ...frame,
    time: timestampSeconds.toFixed(3),
  }));
  if (form === "json") return JSON.stringify(rows.map(({ hash, quality, time }) => `${hash},${quality},${time}`));
  if (form === "json-object") {
    const entries = rows.map(({ number, quality, hash, time }) => [number, { quality, hash, timestamp: Number(time) }]);
    return JSON.stringify(Object.fromEntries(entries));
  }
  return rows.map(({ number, quality, hash, time }) => `${number},${quality},${hash},${time}\n`).join("");
}
