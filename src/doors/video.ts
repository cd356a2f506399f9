/**
 * Video signatures, frames, the video index, vPDQ.
 * @module empreinte/video
 */
export { hashVideo } from "../video/hash-video.js";
export { type DecodeVideoOptions, type HashVideoOptions, type VideoProgress } from "../video/options.js";
export {
  type FrameRegion,
  type Sampling,
  type SignatureFrame,
  type TrimmedFrame,
  type VideoSignature,
} from "../video/signature.js";
export { type VideoInput } from "../video/source.js";
export { type FluentCommand } from "../video/ffmpeg/fluent.js";
export { videoFrames, type VideoFramesOptions } from "../video/video-frames.js";
export { type VideoFrame } from "../video/frame.js";
export { readVpdq, type VpdqForm, type VpdqFrame, writeVpdq } from "../video/vpdq/text.js";
export { matchVpdq, type VpdqMatch, type VpdqMatchOptions } from "../video/vpdq/match.js";
export { sniffVideo, type VideoFormat } from "../video/containers/sniff.js";
export { VideoIndex, type VideoIndexOptions } from "../video-index/video-index.js";
export { signatureFromVpdq } from "../video-index/vpdq.js";
export { type ImageQuery, type VideoId, type VideoSearchOptions } from "../video-index/arguments.js";
export { type VideoCopies, type VideoCopyOptions } from "../video-index/types.js";
export { type VideoMatch, type VideoSegment, type VideoView } from "../video-index/results.js";
export { defaultVideoLimits, type VideoLimits } from "../limits.js";
export { type Ffmpeg, type FfmpegSource, findFfmpeg, type FindFfmpegOptions } from "../video/ffmpeg/find-ffmpeg.js";
