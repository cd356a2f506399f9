/**
 * What goes to the thread of a decoder, and what it answers. An image is opened first, and then gives a page at a time.
 */
import type { WasmFormat } from "./packages.js";

export type Question =
  | { kind: "open"; format: WasmFormat; bytes: Uint8Array; all: boolean; maxPixels: number; maxPages: number }
  /** Pages are decoded in order: those of a sequence depend on the ones before. */
  | { kind: "page"; page: number };

/** An image that is open. */
export interface Opened {
  /** The sides of each page, or of the primary one. The pages of a sequence are as many as it says. */
  pages: { width: number; height: number }[];
  /** The number of the page that stands for the file. */
  primary: number;
}

/** The samples of a page, 8 bits each, rows without gaps. */
export interface Decoded {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  cmyk: boolean;
  /** Bytes of memory that the decoder has taken. It gives none back. */
  memory: number;
}

/** Why there is no answer. After `broken` the thread is in no known state. */
export interface Failure {
  failed: "corrupt" | "unsupported" | "memory" | "pixels" | "package" | "broken";
  why: string;
}

export type Answer = Opened | Decoded | Failure;

/** A failure inside a thread. */
export class DecoderFailure extends Error {
  readonly failed: Failure["failed"];

  constructor(failed: Failure["failed"], why: string) {
    super(why);
    this.failed = failed;
  }
}

/** Returns whether WebAssembly ended in the middle of its work. What it left behind is in no known state. */
export const isTrap = (error: unknown): boolean => error instanceof Error && error.name === "RuntimeError";

/** A decoder with an image open. */
export interface Decoder {
  opened: Opened;
  page(page: number): Decoded;
  close(): void;
}
