/**
 * Hash images, search known hashes, find altered copies.
 * @module empreinte
 */
export { hashImage } from "./image/hash-image.js";
export { type ImageHash } from "./image/hash-pages.js";
export { type HashImageOptions } from "./image/options.js";
export { type ImageInput } from "./image/input/input.js";
export { hashImages } from "./image/hash-images.js";
export { hashPixelsSync } from "./hash/hash-pixels.js";
export { type PixelHash } from "./hash/result.js";
export { type RawPixels } from "./hash/raw-pixels.js";
export { type Orientation, orientationNames } from "./hash/orientations.js";
export { hashDistance, type HashLike, hashToBytes, hashToHex, trivialHashReason } from "./hash/value.js";
export { readSmallFileSync } from "./files/read-file.js";
export { digestFile, type FileDigests } from "./image/input/digest.js";
export { sniffImage } from "./image/input/sniff.js";
export { safePreview } from "./image/preview.js";
export { reduceImage } from "./image/reduce-image.js";
export { type CropHashes, hashWithCrops } from "./copies/crop-hashes.js";
export { HashIndex } from "./search/hash-index.js";
export { HashList } from "./known/hash-list.js";
export { type Query } from "./search/query.js";
export { type SearchOptions } from "./search/options.js";
export { type ImageSearchOptions, type ImageSearchResult } from "./search/search-image.js";
export { type CopyLevel } from "./copies/types.js";
export { type IndexMatch, type Match } from "./search/match.js";
export { type ListMatch } from "./known/list-match.js";
export { leastQuality } from "./thresholds.js";
export { defaultLimits, type Limits } from "./limits.js";
export { EmpreinteError, type ErrorCode, ImageError, LimitError } from "./errors.js";
export { diagnose } from "./doctor/diagnose.js";
export { version } from "./doctor/version.js";
export { hardenDecoder } from "./image/decode/decoder.js";
export { tuneProcess } from "./image/decode/tune-process.js";
