import { HashError } from "../errors.js";
import type { ImageHash, PixelHash, RawPixels } from "../results.js";
import type { VideoHash } from "../video/types.js";
import type { Started, Task } from "../worker/messages.js";
import { checkFile, type HashOptions, imageSettings, type VideoOptions, videoSettings } from "./options.js";
import { placesIn, startWorker } from "./places.js";
import { WorkerClient } from "./worker-client.js";

export interface HasherOptions {
  /**
   * The folder `dist` of this package as it was copied to the site, as a URL. It is needed with bundlers that do not
   * understand `new URL(…, import.meta.url)`. Default: where this module is.
   */
  folder?: string | URL;
}

/** What a file gave: its hash, or why it has none. */
export type FileOutcome = { file: Blob; image: ImageHash } | { file: Blob; error: Error };

/**
 * Hashes files in a worker, one after the other. Nothing leaves the device: the only requests are for the files of this
 * package.
 */
export class Hasher {
  readonly #folder: URL | undefined;
  #client: WorkerClient | undefined;
  /** The last task, after which the next one begins. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: HasherOptions = {}) {
    const { folder } = options;
    // Without a slash at its end, the last name of a URL is a file.
    if (folder !== undefined) this.#folder = new URL(String(folder).replace(/\/?$/, "/"), document.baseURI);
  }

  /**
   * Starts the program and tests it with a known image. Every other call does so as well.
   * @throws {HashError} `ERR_EMPREINTE_BROWSER` or `ERR_EMPREINTE_SELF_TEST` if this browser cannot hash.
   */
  async start(): Promise<Started> {
    return this.#current().started;
  }

  /** Hashes raw pixels. */
  hashPixels(pixels: RawPixels, options: Pick<HashOptions, "orientations" | "signal"> = {}): Promise<PixelHash> {
    const { orientations } = imageSettings(options);
    return this.#run({ kind: "pixels", pixels, orientations }, options) as Promise<PixelHash>;
  }

  /**
   * Hashes an image file. The hash is the one that the library has for the same bytes.
   * @throws {HashError} with a code and a sentence for a person.
   */
  hashImage(file: Blob, options: HashOptions = {}): Promise<ImageHash> {
    const task = { kind: "image", file: checkFile(file), settings: imageSettings(options) } as const;
    return this.#run(task, options) as Promise<ImageHash>;
  }

  /** Hashes files in their order. A file that fails does not end the others; an abort ends all. */
  async *hashImages(files: Iterable<Blob>, options: HashOptions = {}): AsyncGenerator<FileOutcome, void, undefined> {
    for (const file of files) {
      options.signal?.throwIfAborted();
      let outcome: FileOutcome;
      try {
        outcome = { file, image: await this.hashImage(file, options) };
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(error instanceof HashError) || error.code === "ERR_EMPREINTE_CLOSED") throw error;
        if (error.code === "ERR_EMPREINTE_BROWSER" || error.code === "ERR_EMPREINTE_SELF_TEST") throw error;
        outcome = { file, error };
      }
      yield outcome;
    }
  }

  /**
   * Hashes frames of a video, decoded by the browser. Such a hash may differ by some bits from the server's.
   * @throws {HashError} with a code and a sentence for a person.
   */
  hashVideo(file: Blob, options: VideoOptions = {}): Promise<VideoHash> {
    const task = { kind: "video", file: checkFile(file), settings: videoSettings(options) } as const;
    return this.#run(task, options) as Promise<VideoHash>;
  }

  /** Ends the worker. What waits for an answer rejects with `ERR_EMPREINTE_CLOSED`. */
  close(): void {
    this.#closed = true;
    this.#client?.end();
  }

  #current(): WorkerClient {
    if (this.#closed) throw new HashError("ERR_EMPREINTE_CLOSED", "The hasher was closed.");
    if (this.#client === undefined || this.#client.worn) {
      this.#client?.end();
      this.#client = this.#make();
    }
    return this.#client;
  }

  #make(): WorkerClient {
    let worker: Worker;
    try {
      worker = startWorker(this.#folder);
    } catch (cause) {
      const text = "This browser does not run the hashing program in the background on this page.";
      throw new HashError("ERR_EMPREINTE_BROWSER", text, { cause });
    }
    return new WorkerClient(worker, placesIn(this.#folder));
  }

  #run(task: Task, { signal, onProgress }: HashOptions): Promise<unknown> {
    const work = this.#last.then(() => this.#ask(task, signal, onProgress));
    this.#last = work.catch(() => undefined);
    return work;
  }

  async #ask(task: Task, signal: AbortSignal | undefined, onProgress: HashOptions["onProgress"]): Promise<unknown> {
    signal?.throwIfAborted();
    const client = this.#current();
    const abort = (): void => client.end(signal?.reason as Error);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await client.started;
      return await client.ask(task, onProgress);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }
}
