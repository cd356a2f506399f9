/** Views of a query image. */
import type { CancelHandle, Handle } from "./handle.js";
import type { NativePixels } from "./pixels.js";

export type ViewsHandle = Handle<"views">;

/** Hashed views: 32 bytes of hash and thirteen numbers each. `decodeViewHashes` reads them. */
export interface NativeViews {
  hashes: Uint8Array;
  numbers: Float32Array;
}

export interface ViewFunctions {
  /**
   * Makes the working copy of a query image: 8-bit grey, RGB or RGBA of at least 5×5 pixels. Nobody else may write to
   * the buffer meanwhile. With `detach` nobody needs the buffer afterwards, and its memory is freed.
   */
  createViews(
    pixels: NativePixels,
    options: { kernel?: string | undefined; detach?: boolean } | undefined,
    cancel: CancelHandle | undefined,
  ): Promise<ViewsHandle>;
  /** Hashes the views of a stage: 0 turned, 1 detected, 2 fixed, 3 large. Only one job may use a handle at a time. */
  viewStage(handle: ViewsHandle, stage: number, cancel: CancelHandle | undefined): Promise<NativeViews | undefined>;
  /** Hashes views of ten numbers each, as originals of `side` pixels; 0 assumes the size of the view. */
  hashViews(
    handle: ViewsHandle,
    views: Float32Array,
    side: number,
    cancel: CancelHandle | undefined,
  ): Promise<NativeViews | undefined>;
  /** Moves each view until its hash is as near as possible to its target of 32 bytes. */
  alignViews(
    handle: ViewsHandle,
    views: Float32Array,
    targets: Uint8Array,
    cancel: CancelHandle | undefined,
  ): Promise<NativeViews | undefined>;
  /** Returns the share of pixels in the most frequent of 16³ colour cells, 0 … 1. */
  flatness(handle: ViewsHandle): number;
  /** Frees the working copy now. It does nothing while a job uses the handle. */
  closeViews(handle: ViewsHandle): void;
}
