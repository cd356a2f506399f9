import { createHash } from "node:crypto";
import { ImageError, InvalidArgumentError, printable, systemReason } from "../../errors.js";
import { openFile } from "../../files/open-file.js";
import type { EvaluationMatch, EvaluationMethod } from "./method.js";

/** Reads the rows of a CSV (RFC 4180), with quoted fields and both ends of lines. */
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
 * Makes a method of distances that were measured elsewhere: a CSV with the columns query, image and distance, and the
 * names that `writeAttackedImages` writes into queries.csv. A pair that the CSV does not have counts as not found.
 *
 * @param name the name of the method.
 * @param path the path of the CSV.
 * @param scale the greatest distance, and the greatest of a match and of a review, for instance `{ bits: 64, radius: 10
 * }`.
 * @throws {ImageError} `ERR_EMPREINTE_READ` if the file cannot be read.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for a CSV without these columns, or with a distance
 * that is out of range, with its row.
 *
 * @example
 * const other = await distancesMethod("other", "distances.csv", { bits: 64, radius: 10 });
 * const report = await evaluate("photos", { methods: [plainMethod(), other] });
 */
export async function distancesMethod(
  name: string,
  path: string,
  scale: { bits: number; radius: number; reviewRadius?: number },
): Promise<EvaluationMethod> {
  let text: string;
  try {
    const { file } = await openFile(path);
    text = await file.readFile("utf8").finally(() => file.close());
  } catch (error) {
    const sentence = `${printable(path)} cannot be read: ${systemReason(error)}`;
    throw new ImageError("ERR_EMPREINTE_READ", sentence, { cause: error });
  }
  const distances = distancesIn(text, path, scale.bits);
  let listIndexes: Map<string, number>;
  return {
    ...scale,
    name,
    version: createHash("sha256").update(text).digest("hex").slice(0, 16),
    prepare(list) {
      listIndexes = new Map(list.map((image, listIndex) => [image.name, listIndex]));
    },
    find({ name: query }) {
      const matches = [...(distances.get(query) ?? [])].flatMap(([image, distance]): EvaluationMatch[] => {
        const listIndex = listIndexes.get(image);
        return listIndex === undefined ? [] : [{ listIndex, distance }];
      });
      return { matches };
    },
  };
}

/** Reads the smallest distance of each pair: query → image → distance. */
function distancesIn(text: string, path: string, bits: number): Map<string, Map<string, number>> {
  const [head = [], ...rows] = csvRows(text);
  const columns = ["query", "image", "distance"].map((column) => head.indexOf(column)) as [number, number, number];
  if (columns.includes(-1)) throw new InvalidArgumentError(`${path} has no columns query, image and distance`);
  const byQuery = new Map<string, Map<string, number>>();
  rows.forEach((row, i) => {
    const [query, image, number] = columns.map((column) => row[column] ?? "") as [string, string, string];
    const distance = /^\d+$/.test(number) ? Number(number) : NaN;
    if (!(distance <= bits)) {
      throw new InvalidArgumentError(
        `${path}, row ${i + 2}: expected integer between 0 and ${bits} for distance but received "${number.slice(0, 20)}"`,
      );
    }
    const near = byQuery.get(query) ?? new Map<string, number>();
    near.set(image, Math.min(distance, near.get(image) ?? Infinity));
    byQuery.set(query, near);
  });
  return byQuery;
}
