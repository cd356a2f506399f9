import { availableParallelism } from "node:os";
import { digestFile, type FileDigests, type ImageHash } from "../../../index.js";
import { hashVideo, type HashVideoOptions, type VideoSignature } from "../../../doors/video.js";
import { hashSettings, imageLimitsOf, limitsOf } from "../../io/each-file.js";
import type { StreamResult } from "../../io/videos/video-outcomes.js";
import { defined } from "../../io/defined.js";
import { partialFailure } from "../../io/videos/videos.js";
import { hashWork, type ImageWork, someAtATime } from "../../io/image-work.js";
import { status } from "../../io/session.js";
import type { Found } from "../../io/files/walk.js";
import { type KnownLists, loadLists } from "./known-lists.js";
import {
  copyMatches,
  copyRecords,
  DigestMatcher,
  frameMatches,
  imageMatches,
  type SearchSettings,
  skippedReason,
} from "./list-matches.js";
import { searchPages } from "./pages.js";
import { imageAbout, type ScanMatch, type ScanResult, videoAbout } from "./record.js";
import { type Compare, runScanner, type ScanContext, type Scanner } from "./scanner.js";
import { type KnownVideos, loadVideos, videoMatch, videosInVideo, videosWithImage } from "./video-matches.js";

const resultOf = (about: object, matches: readonly ScanMatch[], failure?: unknown): ScanResult => {
  return { about, matches, found: matches.length > 0, failure };
};

/** Compares files with lists, indexes and known videos. */
class ListScanner implements Scanner {
  readonly images: ImageWork<Compare>;
  readonly videoOptions: HashVideoOptions;
  readonly #context: ScanContext;
  readonly #settings: SearchSettings;
  readonly #lists: KnownLists["lists"];
  readonly #videos: KnownVideos["index"];
  readonly #digests: DigestMatcher;

  constructor(context: ScanContext, settings: SearchSettings, { lists }: KnownLists, { index }: KnownVideos) {
    const { options, sampling, copyLevel, session } = context;
    this.#context = context;
    this.#settings = settings;
    this.#lists = lists;
    this.#videos = index;
    this.#digests = new DigestMatcher(lists);
    const { orientations } = settings;
    const trim = copyLevel !== undefined;
    this.videoOptions = { ...limitsOf(options), sampling, orientations, partial: true, ...(trim && { trim }) };
    const hashing = { ...hashSettings(options), orientations, digests: this.#digests.types };
    const plain = hashWork<Compare>(hashing, session.stdin, (hash) => () => this.#image(hash));
    const most = options.concurrency ?? Math.min(4, availableParallelism());
    this.images =
      copyLevel === undefined || lists.length === 0
        ? plain
        : someAtATime(most, async (file) => {
            const result = await this.#copies(file);
            return async () => result;
          });
  }

  async #image(hash: ImageHash): Promise<ScanResult> {
    const { signal } = this.#context.session;
    const exact = this.#digests.matches(hash.digests ?? {});
    const near = await imageMatches(hash, this.#lists, this.#settings, signal);
    const videos = this.#videos ? await videosWithImage(hash, this.#videos, this.#settings, signal) : [];
    const skipped = skippedReason(hash, this.#settings.minQuality);
    return resultOf({ ...imageAbout(hash), ...(skipped && { skipped }) }, [...exact, ...near, ...videos]);
  }

  /**
   * Searches for altered copies, which also hashes the image and digests its bytes. Known videos are searched by its
   * hash.
   */
  async #copies(file: Found): Promise<ScanResult> {
    const { options, session, copyLevel } = this.#context;
    const { signal } = session;
    const limits = { ...imageLimitsOf(options), ...defined({ maxPages: options.maxPages }) };
    const { pages, image, failure } = await searchPages(file, this.#context, (input, page) =>
      copyMatches(input, this.#lists, { ...limits, ...page, level: copyLevel!, signal }),
    );
    const { query } = pages[0]!.result;
    const known = image ?? query;
    const videos = this.#videos && known ? await videosWithImage(known, this.#videos, this.#settings, signal) : [];
    const matches = [...copyRecords(pages), ...videos];
    return resultOf(query === undefined ? {} : imageAbout(query), matches, failure);
  }

  async #digestsOf(path: string): Promise<FileDigests> {
    const { types } = this.#digests;
    return types.length === 0 ? {} : digestFile(path, { digests: types, signal: this.#context.session.signal });
  }

  readonly video = async (input: string | Uint8Array, options: HashVideoOptions): Promise<StreamResult<Compare>> => {
    // The bytes are compared once, with the first stream.
    const path = options.stream === 0 && typeof input === "string" ? input : undefined;
    const { copyLevel } = this.#context;
    if (this.#videos === undefined || copyLevel === undefined) {
      const signature = await hashVideo(input, options);
      return { result: () => this.#signature(path, signature), streamCount: signature.streamCount };
    }
    const { orientations: _orientations, trim: _trim, ...more } = options;
    const { matches, signature } = await this.#videos.searchVideo(input, { ...more, level: copyLevel });
    const found = matches.map((match) => videoMatch(match, true));
    return { result: () => this.#signature(path, signature, found), streamCount: signature.streamCount };
  };

  async #signature(path: string | undefined, signature: VideoSignature, found?: ScanMatch[]): Promise<ScanResult> {
    const { signal } = this.#context.session;
    const videos = found ?? (this.#videos ? await videosInVideo(signature, this.#videos, this.#settings, signal) : []);
    const near = await frameMatches(signature, this.#lists, this.#settings, signal);
    const { durationSeconds, frames } = signature;
    let failure: unknown = partialFailure(signature);
    let exact: ScanMatch[] = [];
    try {
      if (path !== undefined) exact = this.#digests.matches(await this.#digestsOf(path));
    } catch (error) {
      failure = error; // The frames were compared, the bytes were not.
    }
    return resultOf(videoAbout({ durationSeconds, frames: frames.length }), [...exact, ...near, ...videos], failure);
  }

  readonly undecodable = async (path: string): Promise<ScanResult | undefined> => {
    // What cannot be read is reported by reading it as an image.
    const digests = await this.#digestsOf(path).catch(() => ({}));
    return resultOf({}, this.#digests.matches(digests));
  };
}

/** `empreinte scan` with lists, indexes and known videos. */
export async function scanLists(context: ScanContext): Promise<number> {
  const { options, sampling, session } = context;
  const { radius, minQuality, noOrientations, videoSignature } = options;
  const settings: SearchSettings = { radius, minQuality, orientations: !noOrientations };
  const known = await loadLists(options, session);
  // The known video is not turned: the scanned one is.
  const knownSampling = options.sampling === undefined ? "adaptive" : sampling;
  const knownOptions = { ...limitsOf(options), sampling: knownSampling, orientations: false, trim: false };
  const videos = await loadVideos(videoSignature, settings, knownOptions, session);
  if (known.lists.length === 0 && videos.index === undefined) return status.trouble;
  try {
    const scanner = new ListScanner(context, settings, known, videos);
    const end = await runScanner(scanner, context, known.trouble || videos.trouble);
    return end === status.nothing && known.unread ? status.trouble : end;
  } finally {
    videos.index?.close();
  }
}
