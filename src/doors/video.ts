/**
 * Video signatures, decoded frames, the video index and vPDQ.
 * @module empreinte/video
 */
export { VideoError } from "../errors.js";
export { hashVideo } from "../video/hash-video.js";
export { type HashVideoOptions, type VideoProgress } from "../video/options.js";
export { type Sampling, type SignatureFrame, type VideoSignature } from "../video/signature.js";
export { type VideoInput } from "../video/source.js";
export { embeddedVideo } from "../video/embedded-video.js";
export { videoFrames } from "../video/video-frames.js";
export { type VideoFrame } from "../video/frame.js";
export { readVpdq, writeVpdq } from "../video/vpdq/text.js";
export { compareVpdq } from "../video/vpdq/match.js";
export { sniffVideo } from "../video/containers/sniff.js";
export { VideoIndex } from "../video-index/video-index.js";
export { signatureFromVpdq } from "../video-index/signature-from-vpdq.js";
export { type VideoMatch, type VideoSegment } from "../video-index/results.js";
export { defaultVideoLimits } from "../limits.js";
export { findFfmpeg } from "../video/ffmpeg/find-ffmpeg.js";
