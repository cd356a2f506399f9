/** Exact PDQ hashes in a web page, on the person's own device. */
export { Hasher, type FileOutcome, type HasherOptions } from "./page/hasher.js";
export type { HashOptions, VideoOptions } from "./page/options.js";
export { HashError, type ErrorCode } from "./errors.js";
export {
  orientationNames,
  type CropHash,
  type ImageFormat,
  type ImageHash,
  type Limits,
  type Orientation,
  type PixelHash,
  type RawPixels,
} from "./results.js";
export type { FrameHash, VideoHash } from "./video/types.js";
