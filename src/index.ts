/**
 * Hash images, search known hashes, find altered copies.
 * @module empreinte
 */
export { hashImage, type ImageHash, type PageHash } from "./image/hash-image.js";
export { type HashImageOptions } from "./image/options.js";
export { type ImageInput } from "./image/input.js";
export { type HashedImage, hashImages, type HashImagesOptions } from "./image/hash-images.js";
export { digestFile, type DigestType, type FileDigests } from "./image/digest.js";
export { type HashOptions } from "./hash/options.js";
export { hashPixelsSync } from "./hash/hash-pixels.js";
export { type Orientation, type OrientationHashes, orientationNames } from "./hash/orientations.js";
export { type PixelHash } from "./hash/result.js";
export { type RawPixels } from "./hash/raw-pixels.js";
export { type ByteStream } from "./files/byte-stream.js";
export { type EncodedInput } from "./image/input.js";
export { type ImageFormat, sniffImage } from "./image/sniff.js";
export { type PreviewOptions, type SafePreview, safePreview } from "./image/preview.js";
export { hashDistance, type HashLike, hashToBase64, hashToBytes, hashToHex, trivialHashReason } from "./hash/value.js";
export { HashIndex, type HashIndexOptions, type IndexStats, type OpenOptions } from "./search/hash-index.js";
export { type IndexMatch, type Match } from "./search/match.js";
export { type NearestOptions, type SearchOptions, type SearchStrategy } from "./search/options.js";
export { type Query, type QueryOptions } from "./search/query.js";
export { type Hashes, type Ids } from "./search/rows.js";
export { type BuildOptions, HashList, type ListSearchOptions, type LoadOptions } from "./known/hash-list.js";
export { type ListMatch } from "./known/list-match.js";
export { type KnownSources, type LoadedList, type NamedListSource } from "./known/read-lists.js";
export { type KnownCopyMatch, type KnownCopyOptions, type KnownCopyResult } from "./known/list-copies.js";
export { findCopies } from "./copies/search-copies.js";
export {
  type CopyLevel,
  type CopyMatch,
  type CopyOptions,
  type CopyResult,
  type CopyStage,
  type Tier,
} from "./copies/types.js";
export { type Region, type ViewName } from "./views/views.js";
export {
  addRegistration,
  type CropHash,
  type CropHashes,
  hashWithCrops,
  type HashWithCropsOptions,
  registeredEntry,
  removeRegistration,
} from "./copies/crop-hashes.js";
export { defaultLimits, type Limits } from "./limits.js";
export {
  BankError,
  EmpreinteError,
  type ErrorCode,
  ImageError,
  IndexError,
  InvalidArgumentError,
  InvalidHashError,
  LimitError,
  ListError,
  VideoError,
} from "./errors.js";
export { diagnose, type Kernel, type Report } from "./doctor/diagnose.js";
export { type Check } from "./doctor/self-test.js";
export { version } from "./doctor/version.js";
export { hardenDecoder } from "./image/decoder.js";
