import { orientationNames, type Orientation } from "../hash/orientations.js";
import type { Samples } from "../image/samples.js";
import { withCancelToken } from "../native/abort.js";
import type { NativeViews, ViewsHandle } from "../native/binding.js";
import { native } from "../native/load.js";
import { decodeViewHashes, encodeView, numbersPerView } from "../native/view-numbers.js";
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
export type StageName = "turned" | "detected" | "fixed" | "large";
const stageNames: readonly StageName[] = ["turned", "detected", "fixed", "large"];

function viewHashes(made: NativeViews | undefined): ViewHash[] {
  return decodeViewHashes(made).map(({ hash, kind, orientation, quality, stable, view }) => ({
    hash,
    name: kind === 0 && orientation !== 0 ? "turned" : viewNames[kind]!,
    orientation: orientationNames[orientation]!,
    quality,
    stable,
    view,
  }));
}

/** The whole picture, upright. */
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

/** A picture reduced to what its variants are made of. Nothing of the samples is kept. */
export class QueryImage implements Disposable {
  readonly #handle: ViewsHandle;
  /** The share of pixels in the fullest of 16³ colours, 0 … 1. */
  readonly flatness: number;

  private constructor(handle: ViewsHandle) {
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
      await withCancelToken(signal, (cancel) =>
        native.createViews({ data, width, height, channels, stride: width * channels }, { detach: taken }, cancel),
      ),
    );
  }

  /** The variants of a stage, those of most worth first; none that an earlier stage has given. */
  async stage(name: StageName, signal: AbortSignal | undefined): Promise<ViewHash[]> {
    const stage = stageNames.indexOf(name);
    return viewHashes(await withCancelToken(signal, (cancel) => native.viewStage(this.#handle, stage, cancel)));
  }

  /** Each view moved until its hash is as near its target as it gets. */
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

  /** Hashes of views, ten numbers each, as originals of `side` pixels; 0: as large as the view. */
  async hash(views: Float32Array, side: number, signal: AbortSignal | undefined): Promise<ViewHash[]> {
    return viewHashes(await withCancelToken(signal, (cancel) => native.hashViews(this.#handle, views, side, cancel)));
  }

  /** Frees it now; a call that runs keeps it. */
  [Symbol.dispose](): void {
    native.closeViews(this.#handle);
  }
}
