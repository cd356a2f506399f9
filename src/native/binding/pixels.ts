/** The samples of an image. */
/** Interleaved samples, row-major. The addon reads `width × channels` samples from each row. */
export interface NativePixels {
  data: Uint8Array;
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA or CMYK. */
  channels: number;
  /** Bytes from one row to the next. */
  stride: number;
}

export interface PixelFunctions {
  /** Expands luma of the limited range (16 … 235) to the full range, in place. */
  expandLuma(bytes: Uint8Array, kernel?: string): void;
  /** Makes a smaller copy without gaps: grey of grey pixels, otherwise RGB. Neither side may become longer. */
  shrink(pixels: NativePixels, width: number, height: number): Uint8Array;
}
