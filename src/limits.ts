/** What hostile or absurd inputs may cost. All are on by default; each can be raised by name. */
export interface Limits {
  /** Most pixels (width × height) of one picture or page. Default 134,217,728 (2²⁷: a 12,000 × 9,000 photograph passes). */
  maxPixels?: number;
  /** Most bytes of one encoded input. Default 268,435,456 (256 MiB). */
  maxBytes?: number;
  /** Most seconds that decoding one picture may take. Default 30. */
  maxSeconds?: number;
  /** Most pages (frames of an animation, pages of a TIFF) when all are asked for. Default 1,000. */
  maxPages?: number;
}

export const defaultLimits: Required<Limits> = {
  maxPixels: 2 ** 27,
  maxBytes: 2 ** 28,
  maxSeconds: 30,
  maxPages: 1000,
};
