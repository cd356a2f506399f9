// Hashing: files, bytes, streams and pixels.
export {
  hashImage,
  type HashImageOptions,
  type ImageHash,
  type ImageInput,
  type PageHash,
} from "./image/hash-image.js";
export { hashImages, type HashedImage, type HashImagesOptions } from "./image/hash-images.js";
export { digestFile, type DigestType, type FileDigests } from "./image/digest.js";
export { hashPixelsSync, type HashOptions, type PixelHash, type RawPixels } from "./hash/pixels.js";
export { type ByteStream, type EncodedInput } from "./image/read.js";
export { type ImageFormat, sniffImage } from "./image/sniff.js";
export { type PreviewOptions, type SafePreview, safePreview } from "./image/preview.js";

// Hash values: text, bytes, distance; which ones are unfit for a list; the eight turned and mirrored variants.
export { trivialHashReason, hashDistance, hashToBase64, hashToBytes, hashToHex, type HashLike } from "./hash/value.js";
export { type OrientationHashes, type Orientation, orientationNames } from "./hash/pixels.js";

// Videos: signatures, frames, and the kind of a file.
export { hashVideo } from "./video/hash-video.js";
export { type HashVideoOptions, type DecodeVideoOptions, type VideoProgress } from "./video/options.js";
export { type FrameRegion, type Sampling, type SignatureFrame, type TrimmedFrame } from "./video/signature.js";
export { type VideoSignature } from "./video/signature.js";
export { type VideoInput } from "./video/source.js";
export { type FluentCommand } from "./video/ffmpeg/fluent.js";
export { videoFrames, type VideoFramesOptions } from "./video/video-frames.js";
export { type VideoFrame } from "./video/frame.js";
export { readVpdq, type VpdqForm, type VpdqFrame, writeVpdq } from "./video/vpdq/text.js";
export { matchVpdq, type VpdqMatch, type VpdqMatchOptions } from "./video/vpdq/match.js";
export { sniffVideo, type VideoFormat } from "./video/containers/sniff.js";

// Finding a clip inside a film, a picture in a film, a frame of a film among pictures.
export { VideoIndex, type VideoIndexOptions } from "./video-index/video-index.js";
export { signatureFromVpdq } from "./video-index/vpdq.js";
export { type ImageQuery, type VideoId, type VideoSearchOptions } from "./video-index/arguments.js";
export { type VideoCopies, type VideoCopyOptions } from "./video-index/types.js";
export { type VideoMatch, type VideoSegment, type VideoView } from "./video-index/results.js";

// Search: hashes near a hash.
export { HashIndex, type HashIndexOptions, type Hit, type IndexStats } from "./search/hash-index.js";
export { type AddManyOptions, type AsyncNearestOptions, type NearestOptions } from "./search/hash-index.js";
export { type OpenOptions } from "./search/hash-index.js";
export { type AddOptions, type Hashes, type Ids } from "./search/arguments.js";
export { type AsyncSearchOptions, type SearchOptions, type SearchStrategy } from "./search/arguments.js";

// Lists: reading known-hash files, and matching pictures against them.
export {
  readHashList,
  type ListEntry,
  type ReadHashListOptions,
  type ReadListOptions,
} from "./lists/read-hash-list.js";
export { type ListForm, type ListProblem } from "./lists/batches.js";
export { type ListSource } from "./lists/source.js";
export { EntryList, openList, type OpenListOptions } from "./lists/open-list.js";
export { convertList, type ConvertListOptions, ListConversion } from "./lists/convert-list.js";
export { ListWriter, type ListWriterOptions, type WrittenFormat } from "./lists/write-list.js";
export { type ListFormat, sniffList } from "./lists/sniff-list.js";
export { type Column, type ColumnMap } from "./lists/formats/columns.js";
export { type EntryFault, type ListItem, type ListPage, type ListPosition } from "./lists/entry.js";
export {
  type ListedEntry,
  type ListedSignal,
  type ListedType,
  type ListLabel,
  type OtherSignal,
} from "./lists/entry.js";
export { type BuildOptions, HashList, type LoadOptions } from "./known/hash-list.js";
export { type LoadedList, type KnownSources, type NamedListSource } from "./known/read-lists.js";
export { type ExactMatch } from "./known/digests.js";
export { type KnownCopyMatch, type KnownCopyOptions, type KnownCopyResult } from "./known/list-copies.js";
export { type AsyncMatchOptions, type ListMatch, type MatchOptions, type MatchQuery } from "./known/hash-list.js";

// Copies: what an altered picture is a copy of.
export { findCopies } from "./copies/search-copies.js";
export { type CopyLevel, type CopyMatch, type CopyOptions, type CopyResult } from "./copies/types.js";
export { type CopyStage, type Tier, type Region } from "./copies/types.js";
export { type ViewName } from "./views/views.js";

// Registration: an original's hash and those of its parts.
export { addRegistration, hashWithCrops, registeredEntry } from "./copies/crop-hashes.js";
export { cropListLines, removeRegistration } from "./copies/crop-hashes.js";
export { type CropHash, type HashWithCropsOptions, type CropHashes } from "./copies/crop-hashes.js";

// Banks: stored collections of known signals, withdrawals that hold, decisions that can be explained.
export { type BankOpenOptions, BankStore } from "./bank/store.js";
export { type Removal } from "./bank/removal/withdraw.js";
export { type AuditAction, type AuditOptions, type AuditRecord } from "./bank/inspect/audit.js";
export { type BenignPicture, type ScreenOptions } from "./bank/import/screen.js";
export { type Entries, type EntryProblem, type ImportOptions } from "./bank/import/import.js";
export { type ImportCounts } from "./bank/import/counts.js";
export { type EntryInput, type SignalInput } from "./bank/import/records.js";
export { type Change, type EntryInfo } from "./bank/inspect/contents.js";
export { type ChangeKind, type EntryStatus, type SourceName } from "./bank/storage/names.js";
export { type EntryFilter, type SourceInfo } from "./bank/inspect/listing.js";
export { type EntryName, type EntryNumber, type Selection } from "./bank/removal/selection.js";
export { type SignalType } from "./bank/storage/signals.js";
export { type Label, type LabelLike } from "./bank/storage/labels.js";
export { type Action, type Bank, type FloodLimit, type NewBank, type Policy } from "./bank/decision/policy.js";
export { type Decision, type DecisionMatch } from "./bank/decision/decide.js";
export { type CheckedQuery, type CheckQuery, type QueryCopy } from "./bank/decision/query.js";
export { type CheckCopiesOptions, type Explanation, Matcher, type MatcherOptions } from "./bank/matcher.js";
export { type Prequalification, type Qualification, type QualificationOutcome } from "./bank/decision/qualify.js";
export { type QualifyInput } from "./bank/decision/qualify.js";
export { type CheckImageOptions } from "./bank/decision/upload.js";

// Evaluation: altered copies made, looked up, and counted.
export { evaluate } from "./evaluate/run/evaluate.js";
export { type EvaluateOptions } from "./evaluate/options.js";
export { type EvaluationMethod, fastMethod, plainMethod } from "./evaluate/methods/methods.js";
export {
  type FoundEntries,
  type FoundEntry,
  type ListedPicture,
  type QueryPicture,
} from "./evaluate/methods/methods.js";
export { copiesMethod, registeredMethod } from "./evaluate/methods/copies.js";
export { distancesMethod } from "./evaluate/methods/distances.js";
export { writeAttackedPictures, type WritePicturesOptions } from "./evaluate/write-pictures.js";
export { writeEvaluation } from "./evaluate/report/write.js";
export { type AttackFigures, type EvaluationReport, type MethodReport, type Recall } from "./evaluate/report/types.js";
export { type Example, type FalseMatches, type FalsePairs } from "./evaluate/report/types.js";
export { type VideoFigures, type VideoReport } from "./evaluate/report/types.js";
export { videoEdits, type VideoEdit } from "./evaluate/video/edits.js";
export { attackPicture, attacks } from "./evaluate/attacks/suite.js";
export { type Attack, type AttackFamily } from "./evaluate/attacks/attack.js";

// Limits and errors.
export { defaultLimits, defaultVideoLimits, type Limits, type VideoLimits } from "./limits.js";
export {
  BankError,
  EmpreinteError,
  ImageError,
  IndexError,
  InvalidArgumentError,
  InvalidHashError,
  LimitError,
  ListError,
  VideoError,
} from "./errors.js";
export { type ErrorCode } from "./errors.js";

// The machine: what it has, whether all is well there, and a stricter decoder for programs that own their process.
export { diagnose, type Kernel, type Report } from "./doctor/diagnose.js";
export { type Check } from "./doctor/self-test.js";
export { version } from "./doctor/version.js";
export { type Ffmpeg, findFfmpeg, type FfmpegSource, type FindFfmpegOptions } from "./video/ffmpeg/find-ffmpeg.js";
export { hardenDecoder } from "./image/decoder.js";
