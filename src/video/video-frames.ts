import { invalidArgument, oneOf } from "../check.js";
import { usableFfmpeg } from "./ffmpeg/find-ffmpeg.js";
import type { VideoFrame } from "./frame.js";
import { decodeFrames, newState } from "./ffmpeg/frames.js";
import { videoSource } from "./input.js";
import { checkVideoOptions, decodeOptionNames, type DecodeVideoOptions } from "./options.js";
import type { EncodedInput } from "../image/input.js";

export interface VideoFramesOptions extends DecodeVideoOptions {
  /** 1 luma of the full range, 3 RGB by BT.601. Default 1. */
  channels?: 1 | 3;
  /** `"keyframes"`: only those that are coded on their own; the decoder skips the rest. Default `"all"`. */
  sampling?: "all" | "keyframes";
}

/**
 * The frames of a video, as `hashVideo` hashes them, each in memory of its own. The decoder waits while no frame is asked
 * for, and its process is gone when the iteration ends, in whichever way.
 *
 * A damaged video gives its frames until then; then the iteration throws.
 * @throws {InvalidArgumentError} @throws {VideoError} @throws {LimitError} as `hashVideo`
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
  const { signal, name, limits, onProgress, ffmpegPath, threads, rotate, squarePixels } = checked;
  signal?.throwIfAborted();
  const video = await videoSource(input, name, limits.maxBytes)(signal ?? new AbortController().signal);
  try {
    const decoder = await usableFfmpeg({ ...(ffmpegPath !== undefined && { ffmpegPath }), ...(signal && { signal }) });
    const state = newState();
    const tell = (): void => {
      const { frames, seconds, durationSeconds } = state;
      onProgress?.({ frames, timestampSeconds: seconds, ...(durationSeconds !== undefined && { durationSeconds }) });
    };
    const keyframes = sampling === "keyframes";
    const how = { channels, keyframes, every: 1, rotate, squarePixels, threads, strict: true, limits, signal };
    for await (const frame of decodeFrames(video, decoder, { ...how, onProgress: tell }, state)) {
      yield { ...frame, data: frame.data.slice() };
    }
  } finally {
    await video.close();
  }
}
