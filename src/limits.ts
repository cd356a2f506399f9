/** Limits on what an image may cost. All are on by default, and each option raises one of them. */
export interface Limits {
  /**
   * Most pixels (width × height) of an image or page. Default 134,217,728 (2²⁷: a 12,000 × 9,000 photograph passes).
   */
  maxPixels?: number;
  /** Most bytes of an encoded input. Default 268,435,456 (256 MiB). */
  maxBytes?: number;
  /** Most seconds to decode one image. Default 30. */
  maxSeconds?: number;
  /** Most frames of an animation or pages of a TIFF, with `pages: "all"`. Default 1,000. */
  maxPages?: number;
  /**
   * `"process"` decodes and hashes in another process. It is killed at `maxSeconds`, so that an image never takes
   * longer, and a fault of a decoder ends that process and not this one. The first image starts a process, which takes
   * some tenths of a second. Default `"none"`.
   */
  isolation?: "none" | "process";
}

/** The limits on images that apply where an option does not raise them. */
export const defaultLimits: Required<Limits> = {
  maxPixels: 2 ** 27,
  maxBytes: 2 ** 28,
  maxSeconds: 30,
  maxPages: 1000,
  isolation: "none",
};

/** Limits on what a video may cost. All are on by default, and each option raises one of them. */
export interface VideoLimits {
  /** Most pixels (width × height) of a frame. Default 33,554,432 (2²⁵: 8K passes). */
  maxPixels?: number;
  /** Most bytes of the encoded video. Default 17,179,869,184 (16 GiB). */
  maxBytes?: number;
  /** Most decoded frames, including those that are not hashed. Default 1,048,576 (2²⁰: 9.7 hours at 30 a second). */
  maxFrames?: number;
  /** Most seconds to decode one video. Default 3,600. */
  maxSeconds?: number;
  /** Most seconds without any progress of ffmpeg. Default 60. */
  maxStallSeconds?: number;
  /** Most bytes of address space for ffmpeg, where the system can limit it. Default 4,294,967,296 (4 GiB). */
  maxMemoryBytes?: number;
}

/** The limits on videos that apply where an option does not raise them. */
export const defaultVideoLimits: Required<VideoLimits> = {
  maxPixels: 2 ** 25,
  maxBytes: 2 ** 34,
  maxFrames: 2 ** 20,
  maxSeconds: 3600,
  maxStallSeconds: 60,
  maxMemoryBytes: 2 ** 32,
};
