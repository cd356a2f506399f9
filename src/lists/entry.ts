/** The types that all list formats share. A bank's `import` takes the entries as they are. */

/**
 * What kind of value a signal has.
 *
 * - `pdq`: the PDQ hash of an image
 * - `vpdq`: the PDQ hash of a frame of a video
 * - `md5`, `sha1`, `sha256`: a digest of a file's bytes, which matches exactly or not at all
 */
export type SignalType = "pdq" | "vpdq" | "md5" | "sha1" | "sha256";

/** A signal that this package can search for. */
export interface Signal {
  /** What kind of value it is. */
  type: SignalType;
  /** Lower-case hex digits: 64 for `pdq`, `vpdq` and `sha256`, 40 for `sha1`, 32 for `md5`. */
  value: string;
  /** The quality of the PDQ hash, 0 … 100, where the list has it. */
  quality?: number;
  /** The name of the crop, for instance "centre-10", if a `pdq` signal is the hash of a crop of the image. */
  crop?: string;
  /** The number of the frame, from 0, of a `vpdq` signal. */
  frame?: number;
  /** The time of the frame in seconds, of a `vpdq` signal. */
  timestampSeconds?: number;
}

/** A signal that this package cannot search for, as the list has it: PhotoDNA, TMK, SHA-512, … */
export interface OtherSignal {
  /** The type by the name that the list uses. */
  type: string;
  /** The value as the list has it. */
  value: string;
}

/** What a source says of an entry, in a scheme of its own: `{scheme: "ncmec", version: "2", code: "A1"}`. */
export interface Label {
  /** The scheme that the code belongs to. */
  scheme: string;
  /** The version of the scheme, where the list has it. */
  version?: string;
  /** The code, as the scheme defines it. */
  code: string;
}

/** Where in the list an entry is. */
export interface ListPosition {
  /** The number of the entry in the list, from 1. Entries that could not be read count. 0 is the list as a whole. */
  entry: number;
  /** The line, from 1, in formats with lines: CSV, text and XML. */
  line?: number;
  /** The byte, from 0, in formats without lines: JSON. */
  byte?: number;
}

/** One entry of a list, as its source has it now. */
export interface ListEntry {
  /** The source's id, never the hash. Absent where the format has none. */
  id?: string;
  /** The signals that can be searched for. */
  signals: Signal[];
  /** The signals that cannot be searched for. Only with the option `others: "keep"`. */
  others?: OtherSignal[];
  /** What the source says of it. */
  labels: Label[];
  /** The numbers of its cases, without those that were withdrawn. */
  cases: string[];
  /** `"withdrawn"` when the source has withdrawn the entry. */
  status: "active" | "withdrawn";
  /** When the source last changed it, in milliseconds since 1970. A time without a zone is read as UTC. */
  time?: number;
  /** What the file was, where the list has it. */
  media?: "image" | "video";
  /**
   * Everything else that the format has for the entry, by the format's names. Writing the same format writes it again.
   */
  fields?: Record<string, unknown>;
  /** Where in the list the entry is. `openList` sets it; entries that you make need none. */
  position?: ListPosition;
}

/**
 * Why something could not be read. Codes are stable, sentences are not.
 *
 * - `bad-syntax`: a line or record does not have the shape that the format prescribes
 * - `bad-hash`: a value is not a hash or digest of its type
 * - `bad-field`: another field has a value that the format does not allow
 * - `missing-field`: a field that the entry needs is missing
 * - `other-signal`: the entry has no signal that can be searched for
 * - `trivial-hash`: the hash would match unrelated images
 * - `orphan-crop`: a crop line does not follow the line of its image
 * - `wrong-count`: the list states another number of entries than it has
 * - `bad-entry`: the bank that was to store the entry refuses it
 */
export type ListProblemCode =
  | "bad-syntax"
  | "bad-hash"
  | "bad-field"
  | "missing-field"
  | "other-signal"
  | "trivial-hash"
  | "orphan-crop"
  | "wrong-count"
  | "bad-entry";

/** An entry, or a part of one, that could not be read or was refused. */
export interface EntryProblem {
  /** The number of the entry in the list, from 1. Absent where the problem is the list's, or only its line is known. */
  entry?: number;
  /** The line, from 1, in formats with lines. */
  line?: number;
  /** The byte, from 0, in formats without lines. */
  byte?: number;
  /** The field of the entry, by the format's name. */
  field?: string;
  /** True if the entry was skipped. False if it was read without that field. */
  skipped: boolean;
  /** The reason for programs. */
  code: ListProblemCode;
  /** Why, for people: one sentence, without the list's bytes. */
  reason: string;
}

/** Something in a list that could not be read or was refused. */
export interface ListProblem extends EntryProblem {
  /** The name of the list. */
  list: string;
}

/** What a page of an exchange says of itself. It is complete when the list has been read to its end. */
export interface ListPage {
  /** The link or token of the next page, as the source wrote it. */
  next?: string;
  /** What the source gives to continue the next import from. */
  importCursor?: string;
  /** False if this was the last page. */
  more?: boolean;
  /** The newest time that the source or an entry states, in milliseconds since 1970. */
  lastTime?: number;
}

/** Returns a position in words: "entry 3, line 17". */
export function placeOf({ entry, line, byte }: ListPosition): string {
  const where = line === undefined ? (byte === undefined ? "" : `byte ${byte}`) : `line ${line}`;
  if (entry === 0) return where === "" ? "the list" : where;
  return where === "" ? `entry ${entry}` : `entry ${entry}, ${where}`;
}
