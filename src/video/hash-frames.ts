import { checkHashOptions } from "../hash/options.js";
import { nativePixels } from "../hash/raw-pixels.js";
import { type PixelHash, pixelHash } from "../hash/result.js";
import { withCancelToken } from "../native/abort.js";
import type { NativePixels } from "../native/binding/pixels.js";
import { native } from "../native/load.js";
import type { VideoFrame } from "./frame.js";
import { type HashRegion, TrimShots } from "./trim-shots.js";
import type { SignatureFrame } from "./signature.js";

/**
 * A frame of more bytes is hashed on the thread pool, while the next one is read. For a smaller one handing it over
 * costs more than it saves.
 */
const syncBytes = 2 ** 20;

export interface HashFramesOptions {
  orientations: boolean;
  /** Whether the content inside a border, bars or another image is hashed as well. */
  trim: boolean;
  /**
   * Whether the frames' memory is ours, so that it may be read while this thread goes on. Otherwise it is copied first.
   */
  ownsMemory: boolean;
}

/** Returns the synthetic score of 8-bit grey, RGB or RGBA. Grey with alpha has none and gets 0. */
function syntheticScoreOf(pixels: NativePixels): number {
  return pixels.channels === 2 ? 0 : native.syntheticScore(pixels);
}

/** A copy of a frame without gaps between its rows. */
function packed(frame: VideoFrame, { data: bytes, width, height, channels, stride }: NativePixels): VideoFrame {
  const row = width * channels;
  const data = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) data.set(bytes.subarray(y * stride, y * stride + row), y * row);
  return { ...frame, data };
}

/**
 * Hashes frames in the core, in their order. A frame's data must stay valid until the next but one is requested.
 * @throws What the source of the frames throws, after all frames before it have been yielded.
 */
export async function* hashFrames(
  frames: AsyncIterable<VideoFrame>,
  { orientations, trim, ownsMemory }: HashFramesOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<SignatureFrame, void, undefined> {
  const options = checkHashOptions({ orientations });
  const hash = async (pixels: NativePixels, exclusive: boolean): Promise<PixelHash & { syntheticScore: number }> => {
    const { width, height, channels } = pixels;
    const syntheticScore = syntheticScoreOf(pixels);
    const answer =
      width * height * channels > syncBytes
        ? await withCancelToken(signal, (cancel) => native.hash(pixels, { ...options, owned: exclusive }, cancel))
        : native.hashSync(pixels, options);
    return { ...pixelHash(answer), syntheticScore };
  };
  const hashRegion: HashRegion = ({ data, width, channels }, { left, top, ...size }) => {
    const stride = width * channels;
    const samples = data.subarray(top * stride + left * channels);
    return hash(nativePixels({ data: samples, ...size, channels, stride }), true);
  };
  const shots = trim ? new TrimShots(hashRegion) : undefined;
  let pending: Promise<SignatureFrame[]> | undefined;
  const start = async (frame: VideoFrame, before: typeof pending): Promise<SignatureFrame[]> => {
    const { number, timestampSeconds } = frame;
    const pixels = nativePixels(frame);
    // A caller's frame need not stay valid until its shot is decided.
    const kept = shots === undefined || ownsMemory ? frame : packed(frame, pixels);
    const hashed = await hash(pixels, ownsMemory);
    const plain = { number, timestampSeconds, lastTimestampSeconds: timestampSeconds, ...hashed };
    if (shots === undefined) return [plain];
    await before;
    // The detectors do not take grey with alpha.
    return (kept.channels as number) === 2 ? [...(await shots.end()), plain] : shots.take(kept, plain);
  };
  let failure: { reason: unknown } | undefined;
  const source = frames[Symbol.asyncIterator]();
  try {
    while (failure === undefined) {
      const next = await source.next().catch((reason: unknown) => {
        failure = { reason };
      });
      const before = pending;
      pending = undefined;
      if (next && !next.done) {
        pending = start(next.value, before);
        pending.catch(() => {}); // it is awaited later
      }
      if (before !== undefined) yield* await before;
      if (pending === undefined) break;
    }
    if (shots !== undefined) yield* await shots.end();
    if (failure !== undefined) throw failure.reason;
  } finally {
    // The core may still read a frame's memory, which the source would overwrite.
    await pending?.catch(() => {});
    await source.return?.();
  }
}
