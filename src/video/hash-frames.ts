import { checkHashOptions, pixelArguments, pixelHash } from "../hash/pixels.js";
import { withSignal } from "../native/abort.js";
import type { HashArguments } from "../native/binding.js";
import { native } from "../native/load.js";
import type { VideoFrame } from "./frame.js";
import type { SignatureFrame } from "./signature.js";

/** Above this many bytes a frame is hashed off this thread, while the next one is read; below, the way there costs more. */
const syncBytes = 2 ** 20;

export interface HashFramesOptions {
  dihedral: boolean;
  /** The frames' memory is ours: it may be read while this thread goes on. Otherwise it is copied then. */
  ours: boolean;
}

/** Of 8-bit grey, RGB or RGBA; 0 of grey with alpha, of which nothing is told. */
function drawnOf(...[bytes, width, height, channels, stride]: HashArguments): number {
  return channels === 2 ? 0 : native.drawn(bytes, width, height, channels, stride);
}

/**
 * Hashes frames in the core, in their order. A frame's data must stay until the next but one is asked for.
 * @throws what the source of the frames throws, after everything it gave has been handed on
 */
export async function* hashFrames(
  frames: AsyncIterable<VideoFrame>,
  { dihedral, ours }: HashFramesOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<SignatureFrame, void, undefined> {
  const options = checkHashOptions({ dihedral });
  let pending: Promise<SignatureFrame> | undefined;
  const start = async (frame: VideoFrame): Promise<SignatureFrame> => {
    const { number, timestampSeconds } = frame;
    const pixels = pixelArguments(frame, options);
    const drawn = drawnOf(...pixels);
    const answer =
      frame.data.length > syncBytes
        ? await withSignal(signal, (cancel) => native.hash(...pixels, ours, cancel))
        : native.hashSync(...pixels);
    return { number, timestampSeconds, lastTimestampSeconds: timestampSeconds, ...pixelHash(answer), drawn };
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
        pending = start(next.value);
        pending.catch(() => {}); // heard when its turn comes
      }
      if (before !== undefined) yield await before;
      if (pending === undefined) break;
    }
    if (failure !== undefined) throw failure.reason;
  } finally {
    // The core may still read a frame's memory, which the source would write to.
    await pending?.catch(() => {});
    await source.return?.();
  }
}
