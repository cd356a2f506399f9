/** What a search for altered copies needs of an index of local points, which is built on top of it. */
import { invalidArgument } from "../check.js";
import type { Samples } from "../image/samples.js";
import type { Orientation } from "../hash/orientations.js";
import type { Region } from "../views/views.js";
import type { LocalEvidence } from "./local-evidence.js";
import type { Tier } from "./types.js";

/** An original that was found by its local points. */
export interface LocalFinding {
  id: number;
  tier: Tier;
  distance: number;
  orientation: Orientation;
  region: Region;
  local: LocalEvidence;
}

/** The local points of one query image. */
export interface LocalQuery extends Disposable {
  /** Finds the originals of which the image, or with `negative` the image with its tones reversed, shows a part. */
  find(
    negative: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ findings: LocalFinding[]; lookups: number; crowded: boolean }>;
}

/** Extracts the local points of an image that is searched for. */
export type QueryLocal = (samples: Omit<Samples, "hash">, signal: AbortSignal | undefined) => Promise<LocalQuery>;

/** An index of local points: a `LocalIndex`. */
export interface LocalHolder {
  /** How many originals the index has. */
  readonly size: number;
  /** Returns whether the index has an original with this id. */
  has(id: number): boolean;
}

const holders = new WeakMap<LocalHolder, QueryLocal>();

/** Makes an index known to the searches for altered copies. */
export function addLocalHolder(holder: LocalHolder, query: QueryLocal): void {
  holders.set(holder, query);
}

/** @throws {InvalidArgumentError} for what is no `LocalIndex` */
export function localHolder(name: string, value: LocalHolder | undefined): QueryLocal | undefined {
  if (value === undefined) return undefined;
  const query = typeof value === "object" && value !== null ? holders.get(value) : undefined;
  if (query === undefined) throw invalidArgument(name, "LocalIndex", typeof value);
  return query;
}
