/**
 * The orientations of uploads in a shard's index. A rotated or mirrored upload has another hash, which cannot be
 * computed from its own. So an upload may be kept with the hashes of all eight, and each is a row of the index.
 */
import { type Orientation, orientationNames, type Query } from "empreinte";

/** The hashes of all eight orientations, as 64 hex digits each. */
export type UploadOrientations = NonNullable<Query["orientations"]>;

/** Bytes of one hash. */
const hashBytes = 32;

/** Which upload a row of the index belongs to, and which of its orientations it is: 0 is the upload as it is. */
export const rowOf = (number: number, orientation = 0): number => orientationNames.length * number + orientation;

/** Returns the number of the upload of a row. */
export const uploadOf = (row: number): number => Math.floor(row / orientationNames.length);

/** Returns the orientation of a row. */
export const orientationOf = (row: number): Orientation => orientationNames[row % orientationNames.length]!;

/** Returns whether a value is the hashes of all eight orientations. */
export function areOrientations(value: unknown): value is UploadOrientations {
  if (typeof value !== "object" || value === null) return false;
  const hashes = value as Record<string, unknown>;
  return orientationNames.every((name) => typeof hashes[name] === "string" && /^[0-9a-f]{64}$/.test(hashes[name]));
}

/** Packs the orientations but the first one, for which the upload's own hash is searched. */
export const packTurned = (orientations: UploadOrientations): Buffer =>
  Buffer.from(
    orientationNames
      .slice(1)
      .map((name) => orientations[name])
      .join(""),
    "hex",
  );

/** Returns the orientations of an upload from its hash and the others as packed. */
export function unpackTurned(hash: string, turned: Buffer): UploadOrientations {
  const others = orientationNames
    .slice(1)
    .map((name, i) => [name, turned.toString("hex", hashBytes * i, hashBytes * (i + 1))]);
  return { ...Object.fromEntries(others), orig: hash } as UploadOrientations;
}

/** Returns the rows of an upload: one, or eight. */
export const rowsOf = (number: number, turned: Buffer | undefined): number[] =>
  turned === undefined ? [rowOf(number)] : orientationNames.map((_, i) => rowOf(number, i));

/** An upload on its way into the index. */
export interface Addition {
  number: number;
  hash: Buffer;
  turned: Buffer | undefined;
}

/** Returns the ids and the hashes of rows: one row, or eight, for each upload. */
export function rowsToAdd(uploads: readonly Addition[]): [ids: number[], hashes: Buffer] {
  return [
    uploads.flatMap(({ number, turned }) => rowsOf(number, turned)),
    Buffer.concat(uploads.flatMap(({ hash, turned }) => (turned === undefined ? [hash] : [hash, turned]))),
  ];
}

/** One upload of several found rows: its nearest, in an orientation that counts. */
export interface NearestRow {
  number: number;
  distance: number;
  orientation: Orientation;
}

/**
 * Returns of each upload the nearest row, the nearest upload first.
 * @param rows sorted by distance
 * @param counting the orientations that count; undefined for all
 */
export function nearestRows<T extends { id: number; distance: number }>(
  rows: readonly T[],
  counting?: readonly string[],
): (NearestRow & { row: T })[] {
  const seen = new Set<number>();
  return rows.flatMap((row) => {
    const [number, orientation] = [uploadOf(row.id), orientationOf(row.id)];
    if (seen.has(number) || counting?.includes(orientation) === false) return [];
    seen.add(number);
    return [{ number, distance: row.distance, orientation, row }];
  });
}
