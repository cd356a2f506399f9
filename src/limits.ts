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

/** What a hostile or absurd video may cost. All are on by default; each can be raised by name. */
export interface VideoLimits {
  /** Most pixels (width × height) of a frame. Default 33,554,432 (2²⁵: 8K passes). */
  maxPixels?: number;
  /** Most bytes of the encoded video. Default 17,179,869,184 (16 GiB). */
  maxBytes?: number;
  /** Most frames that are decoded, also those that are not hashed. Default 1,048,576 (2²⁰: 9.7 hours at 30 a second). */
  maxFrames?: number;
  /** Most seconds that decoding one video may take. Default 3,600. */
  maxSeconds?: number;
  /** Most seconds that ffmpeg may go without any sign of progress. Default 60. */
  maxStallSeconds?: number;
  /** Most address space of ffmpeg, in bytes, where the system can limit it. Default 4,294,967,296 (4 GiB). */
  maxMemoryBytes?: number;
}

export const defaultVideoLimits: Required<VideoLimits> = {
  maxPixels: 2 ** 25,
  maxBytes: 2 ** 34,
  maxFrames: 2 ** 20,
  maxSeconds: 3600,
  maxStallSeconds: 60,
  maxMemoryBytes: 2 ** 32,
};
