import { orientationNames, type Orientation } from "../hash/orientations.js";
import type { Samples } from "../image/samples.js";
import { withSignal } from "../native/abort.js";
import type { NativeVariants, VariantsHandle } from "../native/binding.js";
import { native } from "../native/load.js";
import { type ViewName, viewNames } from "./views.js";

/** A hash of a picture, or of a part of it, with where it is from. */
export interface ViewHash {
  /** 32 bytes. */
  hash: Uint8Array;
  name: ViewName;
  orientation: Orientation;
  /** 0 … 100 */
  quality: number;
  stable: boolean;
  /** Ten numbers, as the core takes them: x and y of four corners, kind, turned. Undefined: the whole picture as it is. */
  view: Float32Array | undefined;
}

/** Which ideas are tried together. */
export type StageName = "turned" | "detected" | "fixed" | "wide";
const stageNames: readonly StageName[] = ["turned", "detected", "fixed", "wide"];

const numbersEach = 12;

function fromNative(made: NativeVariants | undefined): ViewHash[] {
  if (made === undefined) return [];
  const variants: ViewHash[] = [];
  for (let i = 0; 32 * i < made.hashes.length; i++) {
    const numbers = made.numbers.subarray(numbersEach * i, numbersEach * (i + 1));
    const kind = numbers[8]!;
    const turned = numbers[9]!;
    variants.push({
      hash: made.hashes.subarray(32 * i, 32 * (i + 1)),
      name: kind === 0 && turned !== 0 ? "turned" : viewNames[kind]!,
      orientation: orientationNames[turned]!,
      quality: numbers[10]!,
      stable: numbers[11] !== 0,
      view: numbers.subarray(0, 10),
    });
  }
  return variants;
}

/** The whole picture, upright. */
export const wholeView: Float32Array = Float32Array.of(0, 0, 1, 0, 1, 1, 0, 1, 0, 0);

/** A picture reduced to what its variants are made of. Nothing of the samples is kept. */
export class QueryImage implements Disposable {
  readonly #handle: VariantsHandle;
  /** The share of pixels in the fullest of 16³ colours, 0 … 1. */
  readonly flatness: number;

  private constructor(handle: VariantsHandle) {
    this.#handle = handle;
    this.flatness = native.flatness(handle);
  }

  /** Sides of at least 5 pixels. The samples are read where they are. */
  static of(samples: Omit<Samples, "hash">, signal: AbortSignal | undefined): Promise<QueryImage> {
    return QueryImage.#made(samples, false, signal);
  }

  /** As `of`, and frees the samples: there are none afterwards. */
  static taking(samples: Omit<Samples, "hash">, signal: AbortSignal | undefined): Promise<QueryImage> {
    return QueryImage.#made(samples, true, signal);
  }

  static async #made(
    { data, width, height, channels }: Omit<Samples, "hash">,
    taken: boolean,
    signal: AbortSignal | undefined,
  ): Promise<QueryImage> {
    return new QueryImage(
      await withSignal(signal, (cancel) =>
        native.makeVariants(data, width, height, channels, width * channels, undefined, taken, cancel),
      ),
    );
  }

  /** The variants of a stage, those of most worth first; none that an earlier stage has given. */
  async stage(name: StageName, signal: AbortSignal | undefined): Promise<ViewHash[]> {
    const stage = stageNames.indexOf(name);
    return fromNative(await withSignal(signal, (cancel) => native.variantStage(this.#handle, stage, cancel)));
  }

  /** Each view moved until its hash is as near its target as it gets. */
  async align(
    wanted: readonly { from: ViewHash; target: Uint8Array }[],
    signal: AbortSignal | undefined,
  ): Promise<ViewHash[]> {
    const views = new Float32Array(10 * wanted.length);
    const targets = new Uint8Array(32 * wanted.length);
    wanted.forEach(({ from, target }, i) => {
      views.set(from.view ?? wholeView, 10 * i);
      targets.set(target, 32 * i);
    });
    return fromNative(
      await withSignal(signal, (cancel) => native.alignVariants(this.#handle, views, targets, 0, cancel)),
    );
  }

  /** Hashes of views, ten numbers each, as originals of `side` pixels; 0: as large as the view. */
  async hash(views: Float32Array, side: number, signal: AbortSignal | undefined): Promise<ViewHash[]> {
    return fromNative(
      await withSignal(signal, (cancel) => native.alignVariants(this.#handle, views, undefined, side, cancel)),
    );
  }

  /** Frees it now; a call that runs keeps it. */
  [Symbol.dispose](): void {
    native.closeVariants(this.#handle);
  }
}
