/** What every list says, in one shape. A bank's `import` takes these entries as they are. */

/**
 * `pdq`, a picture's hash; `vpdq`, the PDQ hash of a frame of a video; `md5`, `sha1`, `sha256`, of the bytes of a file, which
 * match exactly or not at all.
 */
export type ListedType = "pdq" | "vpdq" | "md5" | "sha1" | "sha256";

/** A signal that this package can search for. */
export interface ListedSignal {
  type: ListedType;
  /** Lower-case hex. */
  value: string;
  /** 0 … 100, where the list knows it. */
  quality?: number;
  /** Of a `pdq` signal that is the hash of a part of the picture: the part's name, "centre-10". */
  crop?: string;
  /** Of a `vpdq` signal: the frame's number, from 0. */
  frame?: number;
  /** Of a `vpdq` signal: the frame's time. */
  timestampSeconds?: number;
}

/** A signal of a type that this package cannot search for, as the list has it: PhotoDNA, TMK, SHA-512, … */
export interface OtherSignal {
  /** As the list calls it. */
  type: string;
  value: string;
}

/** `{scheme: "ncmec", version: "2", code: "A1"}` */
export interface ListLabel {
  scheme: string;
  version?: string;
  code: string;
}

/** One entry of a list as its source has it now. */
export interface ListedEntry {
  /** The source's own id, never the hash; absent where the format has none. */
  id?: string;
  signals: ListedSignal[];
  /** With the option `others: "keep"`: what cannot be searched for. */
  others?: OtherSignal[];
  labels: ListLabel[];
  /** The numbers of the cases it belongs to that are not withdrawn. */
  cases: string[];
  /** `"withdrawn"`: the source has taken it back. */
  status: "active" | "withdrawn";
  /** When the source last changed it: milliseconds since 1970. A time without a zone is read as UTC. */
  time?: number;
  /** What the file was, where the list says so. */
  media?: "image" | "video";
  /** What else the format says of it, under the format's own names; for lists of the same format. */
  fields?: Record<string, unknown>;
}

/** Where in the list an entry is. */
export interface ListPosition {
  /** Which of the entries, from 1; broken ones count. 0: the list as a whole. */
  entry: number;
  /** From 1, where the format has lines: CSV, text and XML. */
  line?: number;
  /** From 0, where it has none: JSON. */
  byte?: number;
}

/** An entry with its place. */
export interface ListItem {
  entry: ListedEntry;
  position: ListPosition;
}

/** Something that could not be read. */
export interface EntryFault extends ListPosition {
  /** The name of the list. */
  list: string;
  /** What of the entry, as the format calls it. */
  field?: string;
  /** False: the entry was given without that field. True: the entry was passed over. */
  passedOver: boolean;
  /** One sentence, without the list's bytes. */
  reason: string;
}

/** What a page of an exchange says of itself. Known when the list has been read to its end. */
export interface ListPage {
  /** The link or token of the next page, as the source wrote it. */
  next?: string;
  /** What the source gives to go on from next time. */
  checkpoint?: string;
  /** False: this was the last page. */
  more?: boolean;
  /** The newest time that the source or an entry names: milliseconds since 1970. */
  lastTime?: number;
}

/** Where an entry is, in words: "entry 3, line 17". */
export function placeOf({ entry, line, byte }: ListPosition): string {
  const where = line === undefined ? (byte === undefined ? "" : `byte ${byte}`) : `line ${line}`;
  if (entry === 0) return where === "" ? "the list" : where;
  return where === "" ? `entry ${entry}` : `entry ${entry}, ${where}`;
}
