import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ImageError, InvalidArgumentError, systemReason } from "../../errors.js";
import type { EvaluationMethod, FoundEntry } from "./methods.js";

/** Returns the rows of a CSV (RFC 4180) with quoted fields, and lines that end in LF or CRLF. */
export function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (found === null) throw new InvalidArgumentError(`The CSV has a quote out of place in row ${rows.length + 1}`);
    row.push(found[1]?.replaceAll('""', '"') ?? found[2]!);
    if (found[3] === ",") {
      if (field.lastIndex === text.length) row.push("");
      else continue;
    }
    rows.push(row);
    row = [];
  }
  return rows.filter((one) => one.length > 1 || one[0] !== "");
}

/**
 * Makes a method from distances that another hasher measured. They are a CSV with the columns query, entry and distance,
 * with the names that `writeAttackedImages` puts into queries.csv. A pair that is missing counts as not found.
 *
 * @param name The name of the method.
 * @param path The path of the CSV.
 * @param scale The greatest distance, the largest one of a match, and that of a review: `{ bits: 64, radius: 10 }`.
 * @throws {ImageError} `ERR_EMPREINTE_READ` when the CSV cannot be read.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` when a column is missing or a distance is invalid.
 */
export async function distancesMethod(
  name: string,
  path: string,
  scale: { bits: number; radius: number; reviewRadius?: number },
): Promise<EvaluationMethod> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const sentence = `${path} cannot be read: ${systemReason(error)}`;
    throw new ImageError("ERR_EMPREINTE_READ", sentence, { cause: error });
  }
  const [head = [], ...rows] = csvRows(text);
  const columns = ["query", "entry", "distance"].map((column) => head.indexOf(column)) as [number, number, number];
  if (columns.includes(-1)) throw new InvalidArgumentError(`${path} has no columns query, entry and distance`);
  const byQuery = new Map<string, Map<string, number>>();
  rows.forEach((row, i) => {
    const [query, entry, number] = columns.map((column) => row[column] ?? "") as [string, string, string];
    const distance = /^\d+$/.test(number) ? Number(number) : NaN;
    if (!(distance <= scale.bits)) {
      throw new InvalidArgumentError(
        `${path}, row ${i + 2}: expected integer between 0 and ${scale.bits} for distance but received "${number.slice(0, 20)}"`,
      );
    }
    const near = byQuery.get(query) ?? new Map<string, number>();
    near.set(entry, Math.min(distance, near.get(entry) ?? Infinity));
    byQuery.set(query, near);
  });
  let places: Map<string, number>;
  return {
    ...scale,
    name,
    version: createHash("sha256").update(text).digest("hex").slice(0, 16),
    prepare(list) {
      places = new Map(list.map((entry, i) => [entry.name, i]));
    },
    find({ name: query }) {
      const entries = [...(byQuery.get(query) ?? [])].flatMap(([entry, distance]): FoundEntry[] => {
        const at = places.get(entry);
        return at === undefined ? [] : [{ entry: at, distance }];
      });
      return { entries };
    },
  };
}
