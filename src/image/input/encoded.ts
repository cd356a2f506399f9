import type { Limits } from "../../limits.js";
import type { ImageFormat } from "./sniff.js";

/** An encoded image to decode. */
export interface Encoded {
  /** In memory that nothing else uses, because the decoder reads it on another thread. */
  bytes: Uint8Array;
  format: ImageFormat;
  /** What errors call the image. */
  name: string;
  limits: Required<Limits>;
  /** Ends the decoding between two steps. */
  signal: AbortSignal;
}
