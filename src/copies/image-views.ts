import { hashToBytes } from "../hash/value.js";
import { releaseSamples, type Samples } from "../image/samples.js";
import { QueryImage, type StageName, type ViewHash, wholeView } from "../views/query-image.js";

/** An image with a side below this has no working copy, as it has no hash. */
const minSide = 5;

/** The views of one image. Each is made once, however many indexes are searched for it, one after the other. */
export class ImageViews implements Disposable {
  /** The image as it is. */
  readonly original: ViewHash;
  /** Whether the image is large enough to have other views. */
  readonly hasMore: boolean;
  readonly #samples: Samples;
  readonly #keep: boolean;
  #image: QueryImage | undefined;
  /** Whether another thread may read the samples. */
  #reading = false;
  #resized: ViewHash[] | undefined;
  readonly #stages = new Map<StageName, ViewHash[]>();

  /**
   * @param samples which the first view takes.
   * @param keep whether the samples stay, for a search by local points.
   */
  constructor(samples: Samples, keep = false) {
    this.#keep = keep;
    const { hash, quality, stable } = samples.hash;
    this.original = {
      hash: hashToBytes(hash),
      name: "original",
      orientation: "orig",
      quality,
      stable,
      view: undefined,
    };
    this.hasMore = Math.min(samples.width, samples.height) >= minSide;
    this.#samples = samples;
  }

  /** The working copy. The first call takes the samples, unless they are kept. */
  async image(signal: AbortSignal | undefined): Promise<QueryImage> {
    if (this.#image !== undefined) return this.#image;
    this.#reading = true;
    this.#image = await (this.#keep ? QueryImage.of : QueryImage.taking)(this.#samples, signal);
    this.#reading = false;
    return this.#image;
  }

  /** The samples that are kept. */
  get samples(): Omit<Samples, "hash"> {
    return this.#samples;
  }

  /** Returns the image reduced to 512×512, as some tools hash it. */
  async resized(signal: AbortSignal | undefined): Promise<ViewHash[]> {
    if (this.#resized === undefined) {
      const views = await (await this.image(signal)).hash(wholeView, 512, signal);
      this.#resized = views.map((view) => ({ ...view, name: "resized" }));
    }
    return this.#resized;
  }

  /** The views of a stage. Ask for the stages in their order: none has a view that an earlier one has. */
  async stage(name: StageName, signal: AbortSignal | undefined): Promise<ViewHash[]> {
    let views = this.#stages.get(name);
    if (views === undefined) {
      views = await (await this.image(signal)).stage(name, signal);
      this.#stages.set(name, views);
    }
    return views;
  }

  /** Frees the working copy, and the samples unless they are kept. */
  [Symbol.dispose](): void {
    this.#image?.[Symbol.dispose]();
    if (!this.#keep && !this.#reading) releaseSamples(this.#samples);
  }
}
