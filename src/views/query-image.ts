import { orientationNames, type Orientation } from "../hash/orientations.js";
import type { Samples } from "../image/samples.js";
import { withCancelToken } from "../native/abort.js";
import type { NativeViews, ViewsHandle } from "../native/binding/views.js";
import { native } from "../native/load.js";
import { decodeViewHashes, encodeView, numbersPerView } from "../native/view-numbers.js";
import { type ViewName, viewNames } from "./views.js";

/** The hash of a view of an image. */
export interface ViewHash {
  /** The 32 bytes of the hash. */
  hash: Uint8Array;
  name: ViewName;
  orientation: Orientation;
  /** The quality of the hash, 0 … 100. */
  quality: number;
  stable: boolean;
  /** Whether four fifths of a detected view have one colour, as a card, a text or a dark image has. */
  flat?: boolean;
  /**
   * Ten numbers for the core: x and y of four corners, kind, orientation. Undefined stands for the whole image as it
   * is.
   */
  view: Float32Array | undefined;
}

/** The stage in which views are tried together. */
export type StageName = "turned" | "detected" | "fixed" | "large";
const stageNames: readonly StageName[] = ["turned", "detected", "fixed", "large"];

function viewHashes(made: NativeViews | undefined): ViewHash[] {
  return decodeViewHashes(made).map(({ hash, kind, orientation, quality, stable, flat, view }) => ({
    hash,
    name: kind === 0 && orientation !== 0 ? "turned" : viewNames[kind]!,
    orientation: orientationNames[orientation]!,
    quality,
    stable,
    ...(flat && { flat }),
    view,
  }));
}

/** The view of the whole image, upright. */
export const wholeView: Float32Array = Float32Array.from(
  encodeView({
    corners: [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ],
    kind: 0,
    orientation: 0,
  }),
);

/** A query image, reduced to the working copy that its views are sampled from. It keeps none of the samples. */
export class QueryImage implements Disposable {
  readonly #handle: ViewsHandle;
  /** The share of pixels in the fullest of 16³ colours, 0 … 1. */
  readonly flatness: number;

  private constructor(handle: ViewsHandle) {
    this.#handle = handle;
    this.flatness = native.flatness(handle);
  }

  /** Creates a query image of samples whose sides have at least 5 pixels. It reads the samples in place. */
  static of(samples: Omit<Samples, "hash">, signal: AbortSignal | undefined): Promise<QueryImage> {
    return QueryImage.#made(samples, false, signal);
  }

  /** Does what `of` does, and frees the samples, which are empty afterwards. */
  static taking(samples: Omit<Samples, "hash">, signal: AbortSignal | undefined): Promise<QueryImage> {
    return QueryImage.#made(samples, true, signal);
  }

  static async #made(
    { data, width, height, channels }: Omit<Samples, "hash">,
    taken: boolean,
    signal: AbortSignal | undefined,
  ): Promise<QueryImage> {
    return new QueryImage(
      await withCancelToken(signal, (cancel) =>
        native.createViews({ data, width, height, channels, stride: width * channels }, { detach: taken }, cancel),
      ),
    );
  }

  /** Hashes the views of a stage, the most promising first, and leaves out those of earlier stages. */
  async stage(name: StageName, signal: AbortSignal | undefined): Promise<ViewHash[]> {
    const stage = stageNames.indexOf(name);
    return viewHashes(await withCancelToken(signal, (cancel) => native.viewStage(this.#handle, stage, cancel)));
  }

  /** Moves each view until its hash is as near to its target as possible. */
  async align(
    wanted: readonly { from: ViewHash; target: Uint8Array }[],
    signal: AbortSignal | undefined,
  ): Promise<ViewHash[]> {
    const views = new Float32Array(numbersPerView * wanted.length);
    const targets = new Uint8Array(32 * wanted.length);
    wanted.forEach(({ from, target }, i) => {
      views.set(from.view ?? wholeView, numbersPerView * i);
      targets.set(target, 32 * i);
    });
    return viewHashes(
      await withCancelToken(signal, (cancel) => native.alignViews(this.#handle, views, targets, cancel)),
    );
  }

  /** Hashes views, ten numbers each, as originals of `side` pixels. With 0 an original is as large as its view. */
  async hash(views: Float32Array, side: number, signal: AbortSignal | undefined): Promise<ViewHash[]> {
    return viewHashes(await withCancelToken(signal, (cancel) => native.hashViews(this.#handle, views, side, cancel)));
  }

  /** Frees the working copy now. A running call keeps it until its end. */
  [Symbol.dispose](): void {
    native.closeViews(this.#handle);
  }
}
