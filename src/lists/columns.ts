/** The option `columns`: which column of a CSV has what. */
import { checkOptions, integer, invalidArgument } from "../check.js";
import { InvalidArgumentError } from "../errors.js";

/** A column: its name in the first row (case does not matter), or its number from 1. */
type Column = string | number;

/** Says which column of a CSV has what. At least one of `pdq`, `md5`, `sha1` and `sha256` is needed. */
export interface ColumnMap {
  /** The PDQ hash. */
  pdq?: Column;
  /** The MD5 digest. */
  md5?: Column;
  /** The SHA-1 digest. */
  sha1?: Column;
  /** The SHA-256 digest. */
  sha256?: Column;
  /** The source's id of the entry. */
  id?: Column;
  /** The quality of the PDQ hash, 0 … 100. */
  quality?: Column;
  /** When the entry last changed: ISO 8601, or seconds since 1970. */
  time?: Column;
  /** The number of a case. */
  case?: Column;
  /** Labels, by the scheme they belong to: `{ iwf: "Category" }`. */
  labels?: Record<string, Column>;
  /** The column that says whether the entry was withdrawn. */
  status?: Column;
  /** The values of `status` that mean withdrawn (case does not matter). Default: `withdrawn`, `deleted`, `removed`. */
  withdrawn?: readonly string[];
  /** The character between two fields. Default: comma, semicolon, tab or bar, whichever the first row has most of. */
  delimiter?: string;
  /** False if there is no first row with names; all columns are then numbers. Default true. */
  header?: boolean;
}

/** The types of signals that a CSV can have, in the order in which they are read. */
export const columnTypes = ["pdq", "md5", "sha1", "sha256"] as const;
const single = ["pdq", "md5", "sha1", "sha256", "id", "quality", "time", "case", "status"] as const;
type Single = (typeof single)[number];

/** The option after it was checked. */
export interface CheckedColumns {
  columns: Map<Single | `label ${string}`, Column>;
  withdrawn: Set<string>;
  delimiter: string | undefined;
  header: boolean;
}

function column(name: string, value: unknown): Column {
  if (typeof value === "number") return integer(name, value, 1, 65_536);
  if (typeof value === "string" && value.trim() !== "") return value.trim().toLowerCase();
  throw invalidArgument(name, "name or number of a column", value);
}

/**
 * Checks an argument and returns it in its checked form. @throws {InvalidArgumentError} for a map that does not fit.
 */
export function checkColumns(map: ColumnMap): CheckedColumns {
  const given = checkOptions(map, [...single, "labels", "withdrawn", "delimiter", "header"], "columns");
  const { labels = {}, withdrawn = ["withdrawn", "deleted", "removed"], delimiter, header = true } = given;
  if (typeof header !== "boolean") throw invalidArgument("header", "boolean", header);
  if (delimiter !== undefined && (typeof delimiter !== "string" || !/^[^"\r\n]$/.test(delimiter)))
    throw invalidArgument("delimiter", "one character", delimiter);
  if (!Array.isArray(withdrawn) || !withdrawn.every((one) => typeof one === "string"))
    throw invalidArgument("withdrawn", "array of strings", withdrawn);
  if (typeof labels !== "object" || labels === null) throw invalidArgument("labels", "object", labels);
  const columns: CheckedColumns["columns"] = new Map();
  for (const name of single) if (given[name] !== undefined) columns.set(name, column(name, given[name]));
  for (const [scheme, value] of Object.entries(labels)) {
    if (scheme === "" || scheme.includes(":")) throw invalidArgument("labels", "scheme without a colon", scheme);
    columns.set(`label ${scheme}`, column(`labels.${scheme}`, value));
  }
  if (!columnTypes.some((type) => columns.has(type)))
    throw new InvalidArgumentError("Expected a column for pdq, md5, sha1 or sha256 in columns but received none");
  if (!header && [...columns.values()].some((one) => typeof one === "string"))
    throw new InvalidArgumentError("Expected numbers of columns where there is no header but received a name");
  return { columns, withdrawn: new Set(withdrawn.map((one) => one.toLowerCase())), delimiter, header };
}
