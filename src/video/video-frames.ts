import { invalidArgument, oneOf } from "../check.js";
import { isVp9 } from "./containers/matroska.js";
import { jumpsOf } from "./containers/transport-stream.js";
import { usableFfmpeg } from "./ffmpeg/find-ffmpeg.js";
import type { VideoFrame } from "./frame.js";
import { decodeFrames } from "./ffmpeg/decode-frames.js";
import { newState } from "./ffmpeg/decode-state.js";
import { videoSource } from "./input.js";
import { checkVideoOptions, decodeOptionNames, type DecodeVideoOptions } from "./options.js";
import type { EncodedInput } from "../image/input/input.js";

/** Options of `videoFrames`. */
export interface VideoFramesOptions extends DecodeVideoOptions {
  /** 1: luma of the full range. 3: RGB converted by BT.601. Default 1. */
  channels?: 1 | 3;
  /** `"keyframes"`: only keyframes, and the decoder skips the rest. Default `"all"`. */
  sampling?: "all" | "keyframes";
}

/**
 * Decodes the frames that `hashVideo` hashes, each in memory of its own. The decoder waits while no frame is requested,
 * and its process is gone when the iteration ends, however it ends. A damaged video gives the frames before the damage,
 * and then the iteration throws.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: an option or the input is of the wrong kind.
 * @throws {VideoError} {LimitError} With the codes of `hashVideo`.
 * @throws The signal's reason.
 *
 * @example
 * for await (const { timestampSeconds, width, height, data } of videoFrames("clip.mp4")) show(data, width, height);
 */
export async function* videoFrames(
  input: EncodedInput,
  options?: VideoFramesOptions,
): AsyncGenerator<VideoFrame, void, undefined> {
  const checked = checkVideoOptions(options as object, [...decodeOptionNames, "channels", "sampling"]);
  const { channels = 1, sampling = "all" } = options ?? {};
  if (channels !== 1 && channels !== 3) throw invalidArgument("channels", "1 or 3", channels);
  oneOf("sampling", sampling, ["all", "keyframes"]);
  const { signal, name, limits, onProgress, ffmpegPath, threads, rotate, squarePixels, stream } = checked;
  signal?.throwIfAborted();
  const video = await videoSource(input, name, limits.maxBytes)(signal ?? new AbortController().signal);
  try {
    const decoder = await usableFfmpeg({ ...(ffmpegPath !== undefined && { ffmpegPath }), ...(signal && { signal }) });
    const state = newState();
    const report = (): void => {
      const { frames, seconds, durationSeconds } = state;
      onProgress?.({ frames, timestampSeconds: seconds, ...(durationSeconds !== undefined && { durationSeconds }) });
    };
    const keyframes = sampling === "keyframes";
    const what = { stream, channels, keyframes, every: 1, rotate, squarePixels };
    // Frames that were given cannot be taken back, so the joints of a transport stream are looked for first.
    const joined = video.format === "mpegts" && (await jumpsOf(video)) === "joints";
    const libvpx = decoder.libvpx && video.format === "matroska" && (await isVp9(video, stream));
    const decoding = { ...what, threads: joined ? 1 : threads, strict: !joined, joined, libvpx, limits, signal };
    for await (const frame of decodeFrames(video, decoder, { ...decoding, onProgress: report }, state)) {
      yield { ...frame, data: frame.data.slice() };
    }
  } finally {
    await video.close();
  }
}
