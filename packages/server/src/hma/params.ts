/** How HMA reads queries and bodies: laxly, by field, with an array of reasons where something does not fit. */
import { ServiceError } from "../core/errors.js";

/** One field that does not fit, as HMA's validation reports it. */
interface FieldProblem {
  type: string;
  loc: string[];
  msg: string;
  input: unknown;
}

/** A query or body that does not fit: 422, and an array in place of a message. */
export class FieldError extends ServiceError {
  readonly problems: FieldProblem[];

  constructor(type: string, field: string, text: string, input: unknown) {
    super(422, "ERR_EMPREINTE_REQUEST", `${field}: ${text}`);
    this.problems = [{ type, loc: [field], msg: text, input }];
  }
}

export type Fields = Record<string, unknown>;

export const message = (status: number, text: string): ServiceError =>
  new ServiceError(status, "ERR_EMPREINTE_REQUEST", text);

/** Checks that a JSON body is an object. */
export function objectBody(body: unknown): Fields {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return { ...body };
  if (body === undefined) {
    throw message(
      415,
      "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
    );
  }
  throw message(400, "this endpoint expects a json object payload");
}

/** The first value of a query parameter. A repeated one counts once. */
export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" ? first : undefined;
}

export function requiredText(fields: Fields, name: string): string {
  const value = fields[name];
  if (value === undefined) throw new FieldError("missing", name, "Field required", fields);
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first !== "string") throw new FieldError("string_type", name, "Input should be a valid string", value);
  return first;
}

const truths = new Set(["1", "true", "t", "yes", "y", "on"]);
const falsehoods = new Set(["0", "false", "f", "no", "n", "off"]);

/** Reads true, "true", "1", 1 and the like. @throws {FieldError} */
export function lax(fields: Fields, name: string): boolean | undefined {
  const value = Array.isArray(fields[name]) ? (fields[name] as unknown[])[0] : fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  const word = typeof value === "number" || typeof value === "string" ? String(value).toLowerCase() : "";
  if (truths.has(word)) return true;
  if (falsehoods.has(word)) return false;
  throw new FieldError("bool_parsing", name, "Input should be a valid boolean, unable to interpret input", value);
}

/** Reads 0.5, "0.5" and the like. @throws {FieldError} */
export function laxNumber(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  const what = "Input should be a valid number, unable to parse string as a number";
  throw new FieldError("float_parsing", name, what, value);
}

/** Returns a ratio, 0 … 1. */
export function laxRatio(fields: Fields, name: string): number | undefined {
  const ratio = laxNumber(fields, name);
  if (ratio !== undefined && (ratio < 0 || ratio > 1)) throw message(400, `${name} must be between 0.0 and 1.0`);
  return ratio;
}

/** A list with commas. Empty names count for nothing. */
export function names(fields: Fields, name: string): string[] | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  const all = (Array.isArray(value) ? value : [value]).flatMap((one) => String(one).split(","));
  const found = all.map((one) => one.trim()).filter((one) => one !== "");
  return found.length === 0 ? undefined : found;
}
