import { checkHashOptions } from "../hash/options.js";
import { nativePixels } from "../hash/raw-pixels.js";
import { type PixelHash, pixelHash } from "../hash/result.js";
import { withSignal } from "../native/abort.js";
import type { NativePixels } from "../native/binding.js";
import { native } from "../native/load.js";
import type { VideoFrame } from "./frame.js";
import { type HashPart, Shots } from "./shots.js";
import type { SignatureFrame } from "./signature.js";

/** Above this many bytes a frame is hashed off this thread, while the next one is read; below, the way there costs more. */
const syncBytes = 2 ** 20;

export interface HashFramesOptions {
  orientations: boolean;
  /** Also what lies inside a border, bars or another picture. */
  trim: boolean;
  /** The frames' memory is ours: it may be read while this thread goes on. Otherwise it is copied then. */
  ours: boolean;
}

/** Of 8-bit grey, RGB or RGBA; 0 of grey with alpha, of which nothing is told. */
function drawnOf(pixels: NativePixels): number {
  return pixels.channels === 2 ? 0 : native.syntheticScore(pixels);
}

/** A copy of a frame, row behind row. */
function packed(frame: VideoFrame, { data: bytes, width, height, channels, stride }: NativePixels): VideoFrame {
  const row = width * channels;
  const data = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) data.set(bytes.subarray(y * stride, y * stride + row), y * row);
  return { ...frame, data };
}

/**
 * Hashes frames in the core, in their order. A frame's data must stay until the next but one is asked for.
 * @throws what the source of the frames throws, after everything it gave has been handed on
 */
export async function* hashFrames(
  frames: AsyncIterable<VideoFrame>,
  { orientations, trim, ours }: HashFramesOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<SignatureFrame, void, undefined> {
  const options = checkHashOptions({ orientations });
  /** `mine`: nobody writes to the memory meanwhile. */
  const hash = async (pixels: NativePixels, mine: boolean): Promise<PixelHash & { drawn: number }> => {
    const { width, height, channels } = pixels;
    const drawn = drawnOf(pixels);
    const answer =
      width * height * channels > syncBytes
        ? await withSignal(signal, (cancel) => native.hash(pixels, { ...options, owned: mine }, cancel))
        : native.hashSync(pixels, options);
    return { ...pixelHash(answer), drawn };
  };
  const hashPart: HashPart = ({ data, width, channels }, { left, top, ...part }) => {
    const stride = width * channels;
    const samples = data.subarray(top * stride + left * channels);
    return hash(nativePixels({ data: samples, ...part, channels, stride }), true);
  };
  const shots = trim ? new Shots(hashPart) : undefined;
  let pending: Promise<SignatureFrame[]> | undefined;
  const start = async (frame: VideoFrame, before: typeof pending): Promise<SignatureFrame[]> => {
    const { number, timestampSeconds } = frame;
    const pixels = nativePixels(frame);
    // Whoever gives frames of his own need not keep them until the shot is decided.
    const kept = shots === undefined || ours ? frame : packed(frame, pixels);
    const hashed = await hash(pixels, ours);
    const plain = { number, timestampSeconds, lastTimestampSeconds: timestampSeconds, ...hashed };
    if (shots === undefined) return [plain];
    await before;
    // Grey with alpha is no kind of frame that the detectors take.
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
        pending.catch(() => {}); // heard when its turn comes
      }
      if (before !== undefined) yield* await before;
      if (pending === undefined) break;
    }
    if (shots !== undefined) yield* await shots.end();
    if (failure !== undefined) throw failure.reason;
  } finally {
    // The core may still read a frame's memory, which the source would write to.
    await pending?.catch(() => {});
    await source.return?.();
  }
}
