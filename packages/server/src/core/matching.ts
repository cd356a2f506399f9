/** From hashes and media to decisions, for both interfaces. */
import { hashImage, type ImageHash } from "empreinte";
import type { Decision } from "empreinte/bank";
import { actingAs } from "./actor.js";
import { ServiceError } from "./errors.js";
import type { Labels } from "../operation/metrics.js";
import type { Upload } from "../review/cards.js";
import { type Digests, digested, digestsOf, type HeldImage } from "./media.js";
import type { Service } from "./service.js";
import { type CheckedUpload, checkStreams, keepVideo } from "./video-parts.js";

/** The levels of a check, from exact to every altered copy. */
export const levels = ["fast", "standard", "thorough"] as const;
export type Level = (typeof levels)[number];

interface StreamOptions {
  embedded: boolean;
  level: Level;
  signal: AbortSignal;
  /** Returns the digests that count for a stream. */
  known: (stream: number) => Digests | undefined;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "other";

/** Labels of so many banks and actions are kept. */
const mostKnown = 1000;

/** Hashes, checks and counts. */
export class Matching {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  readonly #known: Map<string, Labels> = new Map();

  /** Returns the same object for the same labels, which the metrics find at once. */
  #labels(labels: Labels): Labels {
    const name = Object.values(labels).join("\n");
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size < mostKnown) this.#known.set(name, labels);
    return labels;
  }

  async #timed<T>(metric: "hashes" | "checks", kind: string, work: () => Promise<T>): Promise<T> {
    const { metrics } = this.#service;
    const start = performance.now();
    try {
      return await work();
    } catch (error) {
      metrics.hashFailures.add({ code: codeOf(error) });
      throw error;
    } finally {
      const label: Record<string, string> = metric === "hashes" ? { kind } : { stage: kind };
      metrics[metric].observe((performance.now() - start) / 1000, label);
    }
  }

  #imageLimits(signal: AbortSignal): {
    signal: AbortSignal;
    name: string;
    isolation: "none" | "process";
    maxBytes: number;
  } {
    const { isolation, maxImageBytes } = this.#service.config;
    return { signal, name: "the upload", isolation, maxBytes: maxImageBytes };
  }

  /** Hashes an image in all orientations, when a decoder is free. */
  hashImage(image: HeldImage, signal: AbortSignal): Promise<ImageHash> {
    const options = { ...this.#imageLimits(signal), orientations: true, digests: ["md5", "sha1", "sha256"] as const };
    return this.#service.images.run(signal, () =>
      this.#timed("hashes", "image", () => hashImage(image.bytes, options)),
    );
  }

  /** Decides about an image, when a decoder is free. */
  checkImage(image: HeldImage, level: Level, all: boolean, signal: AbortSignal): Promise<Decision> {
    const options = { ...this.#imageLimits(signal), level, all };
    return this.#service.images.run(signal, () =>
      this.#timed("checks", "image", () => this.#service.matcher.checkImage(image.bytes, options)),
    );
  }

  /** Decides about every stream of a video, when ffmpeg is free. Its body goes straight to a private temporary file. */
  checkVideo(body: AsyncIterable<Buffer>, level: Level, signal: AbortSignal): Promise<CheckedUpload> {
    const { chunks, digests } = digested(body);
    return this.#service.videos.run(signal, async () => {
      const file = await keepVideo(chunks);
      try {
        // The digests are those of the whole file, and count once.
        const known = (stream: number): Digests | undefined => (stream === 0 ? digests() : undefined);
        return await this.#checkStreams(file.path, { embedded: false, level, signal, known });
      } finally {
        await file.remove();
      }
    });
  }

  /** Decides about every stream of the video behind an image, when ffmpeg is free. */
  checkEmbedded(video: Uint8Array, level: Level, signal: AbortSignal): Promise<CheckedUpload> {
    const known = (stream: number): Digests | undefined => (stream === 0 ? digestsOf(video) : undefined);
    return this.#service.videos.run(signal, () => this.#checkStreams(video, { embedded: true, level, signal, known }));
  }

  #checkStreams(video: string | Uint8Array, { embedded, level, signal, known }: StreamOptions): Promise<CheckedUpload> {
    const { maxVideoBytes, videoSeconds } = this.#service.config;
    const limits = { maxBytes: maxVideoBytes, maxSeconds: videoSeconds };
    const name = embedded ? "the video behind the image" : "the upload";
    const check = (stream: number): Promise<Decision> => {
      const digests = (): Promise<Digests | undefined> => Promise.resolve(known(stream));
      const options = { ...limits, level, signal, name, stream, digests };
      return this.#timed("checks", "video", () => this.#service.matcher.checkVideo(video, options));
    };
    return checkStreams(embedded, check, signal);
  }

  /** Returns the digests of a body, of which nothing is decoded. */
  async digestBody(body: AsyncIterable<Buffer>): Promise<Digests> {
    const { chunks, digests } = digested(body);
    let bytes = 0;
    for await (const chunk of chunks) bytes += chunk.length;
    const found = digests();
    if (bytes === 0 || found === undefined) {
      throw new ServiceError(400, "ERR_EMPREINTE_REQUEST", "The body has no bytes");
    }
    return found;
  }

  /**
   * Counts what a decision found, puts it into the queue where a person must look, and tells the receivers of webhooks.
   * @param upload what is known of the upload beside its hashes.
   */
  report(decision: Decision, upload?: Upload, image?: HeldImage): void {
    const { metrics, outbox, banks, days, review } = this.#service;
    const counted = decision.matches.filter(({ negative, suppressed }) => !negative && !suppressed);
    if (counted.length === 0) return;
    const namer = banks.namer();
    const name = (bank: string): string => namer(bank) ?? "deleted";
    for (const { bank, action, kind, distance } of counted) {
      const shown = name(bank);
      metrics.matches.add(this.#labels({ bank: shown, action, how: kind }));
      metrics.distances.observe(distance, this.#labels({ bank: shown }));
      days.add(shown, action);
    }
    review?.add(decision, upload ?? { kind: decision.query.video === undefined ? "image" : "video" }, image);
    if (decision.action !== "block" && decision.action !== "review") return;
    const matches = counted.map(({ bank, source, entryNumber, action, kind, distance }) => {
      return { bank: name(bank), source, entryNumber, action, kind, distance };
    });
    const { action, revision } = decision;
    actingAs("webhooks", () => {
      outbox.add(action === "block" ? "match.block" : "match.review", { action, revision, matches });
      const flooded = counted.filter((match) => match.flooded === true);
      for (const { bank, entryNumber } of flooded) outbox.add("bank.flooded", { bank: name(bank), entryNumber });
    });
  }
}
