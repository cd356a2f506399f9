import { boolean, checkOptions, checkSignal, integer, invalidArgument, isBytes } from "../check.js";
import { checkLevel } from "../copies/level.js";
import type { CopyLevel } from "../copies/types.js";
import { checkHashOptions } from "../hash/options.js";
import type { PixelHash } from "../hash/result.js";
import { digestTypes, type FileDigests } from "../image/input/digest.js";
import type { ImageInput } from "../image/input/input.js";
import { checkInputOptions, checkPage, limitNames } from "../image/options.js";
import { readUpload } from "../image/upload.js";
import type { Limits } from "../limits.js";
import { contextOf, type DecisionContext } from "./decision/context.js";
import { findCopies } from "./decision/copies.js";
import { decide, type Decision } from "./decision/decide.js";
import { type Explanation, explainDecision } from "./decision/explain.js";
import { distanceSearch, type SearchAhead } from "./decision/distance-search.js";
import { findMatches } from "./decision/find-matches.js";
import type { FloodHit } from "./decision/flood.js";
import type { Qualification, QualifyInput } from "./decision/qualify.js";
import { type CheckedQuery, type CheckQuery, checkQuery, uploadKey } from "./decision/query.js";
import type { Snapshot } from "./decision/snapshot.js";
import { type Hashes, packHashes } from "../search/rows.js";
import type { VideoSignature } from "../video/signature.js";
import type { VideoInput } from "../video/source.js";
import type { BankStore } from "./store.js";
import type { CheckVideoOptions } from "./video/options.js";

export interface MatcherOptions {
  /**
   * Whether to write each decision that is not `"none"` to the store's audit log. That is a transaction of some
   * milliseconds, and `check` then waits for another process that writes. Default false.
   */
  audit?: boolean;
}

const hashBytes = 32;

interface CheckHashOptions {
  /** Ends the check. The promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface CheckImageOptions extends Limits {
  /**
   * How much to search. `"fast"` searches the image in all eight orientations, exactly. `"standard"` and `"thorough"`
   * also search altered copies: framed, captioned, cropped, in a screenshot or a collage. Default `"fast"`.
   */
  level?: CopyLevel;
  /** Whether to search for copies to the end, whatever the banks decide before. Default false. */
  all?: boolean;
  /** Ends the check. The promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** What errors call the input. Default: the path, "buffer" or "stream". */
  name?: string;
  /**
   * Which image of a file of several is decided about, from 0, as `frames` of `hashImage` has them with `pages: "all"`.
   * Default: the first, as `hashImage` reads it.
   */
  page?: number;
}

const imageOptionNames = ["level", "all", "signal", "name", "page", ...limitNames] as const;

const videoOptionNames: readonly (keyof CheckVideoOptions)[] = [
  "level",
  "digests",
  "sampling",
  "partial",
  "frameRate",
  "signal",
  "onProgress",
  "ffmpegPath",
  "threads",
  "rotate",
  "squarePixels",
  "stream",
  "name",
  "maxPixels",
  "maxBytes",
  "maxFrames",
  "maxSeconds",
  "maxStallSeconds",
  "maxMemoryBytes",
];

/** Returns what is looked up of an upload. If the decoder refused the image, it is the digests alone. */
function queryOf(image: PixelHash | undefined, digests: FileDigests | undefined): CheckQuery {
  const known = digests && { digests };
  if (image === undefined) return { ...known };
  const { hash, quality, stable, orientations } = image;
  return { hash, quality, stable, ...(orientations && { orientations }), ...known };
}

/** What the audit log has of a decision. */
function auditDetail({ action, matches, query }: Decision): object {
  const some = matches.slice(0, 20).map(({ bank, entryNumber, kind, distance, crop, tier, view, suppressed, rule }) => {
    const seen = {
      ...(tier && { tier, view }),
      ...(crop !== undefined && { crop }),
      ...(suppressed && { suppressed }),
    };
    return { bank, entryNumber, kind, distance, ...seen, rule };
  });
  return { action, upload: uploadKey(query).slice(0, 8), matches: some, of: matches.length };
}

/** Returns the entries whose hits count towards a flood. */
function floodHits(snapshot: Snapshot, { matches }: Decision): FloodHit[] {
  if (matches.length === 0) return [];
  const policies = new Map([...snapshot.banks().values()].map(({ name, policy }) => [name, policy]));
  return matches.flatMap(({ bank, entryNumber, suppressed, flooded, action }) => {
    const { flood: limit, action: own } = policies.get(bank)!;
    // A crop that is in many uploads, or a copy for review, asks for less already. The image itself need not.
    const isWeaker = action !== own;
    return limit === undefined || suppressed || flooded === true || isWeaker ? [] : [{ entryNumber, limit }];
  });
}

/**
 * Decides about uploads by the policies of a store's banks.
 *
 * @example
 * const matcher = new Matcher(store);
 * const { action, reasons } = await matcher.checkImage("upload.jpg");
 */
export class Matcher {
  readonly #context: DecisionContext;
  readonly #audit: boolean;

  /** @throws {InvalidArgumentError} */
  constructor(store: BankStore, options?: MatcherOptions) {
    const { audit = false } = checkOptions(options, ["audit"]);
    this.#context = contextOf(store);
    this.#audit = boolean("audit", audit);
  }

  /**
   * Decides about an image that is hashed already, with the store as it is now, whoever changed it.
   *
   * @throws {InvalidArgumentError} @throws {InvalidHashError} @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   *
   * @example
   * const { action } = matcher.check(await hashImage("upload.jpg", { orientations: true }));
   */
  check(query: CheckQuery): Decision {
    return this.#decide(checkQuery(query), undefined);
  }

  /**
   * Decides as `check` does, but a search that takes longer than a tenth of a millisecond, as in a store of millions or
   * at a radius above 31, runs on another thread. If nothing is near, the decision is that of the store as it was at
   * the call. Matches are those of the store as it is when the search ends: nothing that was withdrawn meanwhile is
   * one.
   *
   * @throws as `check`. It also rejects with the reason of the signal.
   *
   * @example
   * const { action } = await matcher.checkHash({ hash, quality: 87 });
   */
  async checkHash(query: CheckQuery, options?: CheckHashOptions): Promise<Decision> {
    const { signal } = checkOptions(options, ["signal"]);
    return this.#searchAndDecide(checkQuery(query), checkSignal(signal));
  }

  /**
   * Searches for several hashes at once. Returns undefined for each hash that is near nothing, as most are: `checkHash`
   * of the hash alone finds no match. For each other hash it returns a function that decides as `check` does, at the
   * time of its call, with what was found. It looks at the store once for all of them, with what any process has
   * changed before the call. A long search runs on other threads.
   *
   * @param hashes hashes, or the bytes of several, 32 each. They are read before this returns.
   * @throws {InvalidHashError} @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   *
   * @example
   * const decisions = (await matcher.checkHashes(hashes)).map((decide) => decide?.());
   */
  async checkHashes(hashes: Hashes): Promise<((() => Decision) | undefined)[]> {
    const packed = Buffer.from(packHashes(hashes));
    const { banks, revision } = this.#context.read((snapshot) => {
      return { banks: snapshot.banks(), revision: snapshot.revision };
    });
    const count = packed.length / hashBytes;
    if (banks.size === 0) return Array.from({ length: count }, () => undefined);
    const radius = Math.max(...[...banks.values()].map(({ policy }) => policy.radius));
    const found = await this.#context.index.searchMany(packed, { radius });
    return found.map((hits, i) => {
      if (hits.length === 0) return undefined;
      const hash = packed.toString("hex", hashBytes * i, hashBytes * (i + 1));
      const checked = checkQuery({ hash });
      return () => this.#decide(checked, { revision, search: distanceSearch(banks, checked), hits: [hits] });
    });
  }

  /**
   * Runs `work`, in which all decisions of `check` and of the functions of `checkHashes` share one reading of the
   * store. It begins with the first of them, so that what any process changed before is in force, and what another
   * process changes meanwhile is not. That saves most of what a short decision costs. A decision that marks an entry
   * as flooded, or is recorded, ends the reading, and the next one begins another.
   *
   * @param work is not asynchronous, and does nothing else with the store: other calls may be refused.
   * @returns what `work` returns.
   * @throws what `work` throws. {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   *
   * @example
   * const near = await matcher.checkHashes(hashes);
   * const decisions = matcher.together(() => near.map((decide) => decide?.()));
   */
  together<T>(work: () => T): T {
    if (typeof work !== "function") throw invalidArgument("work", "function", work);
    return this.#context.readTogether(work);
  }

  async #searchAndDecide(checked: CheckedQuery, signal: AbortSignal | undefined): Promise<Decision> {
    signal?.throwIfAborted();
    const time = Date.now();
    const { ahead, otherwise } = this.#context.read((snapshot) => {
      const { revision } = snapshot;
      const ahead: SearchAhead = { revision, search: distanceSearch(snapshot.banks(), checked), hits: [] };
      const otherwise = decide(snapshot, findMatches(snapshot, checked, time, ahead), checked, time);
      return { ahead, otherwise };
    });
    const { index } = this.#context;
    const { search } = ahead;
    const hits =
      search === undefined
        ? []
        : await index.searchMany(search.hashes, { radius: search.radius, ...(signal && { signal }) });
    if (otherwise.matches.length === 0 && hits.every(({ length }) => length === 0)) return otherwise;
    return this.#decide(checked, { ...ahead, hits });
  }

  /** @param ahead what the index has near the query at a revision. At another one it is searched again. */
  #decide(checked: CheckedQuery, ahead: SearchAhead | undefined): Decision {
    const time = Date.now();
    const decideNow = (): { decision: Decision; hits: FloodHit[] } =>
      this.#context.read((snapshot) => {
        const decision = decide(snapshot, findMatches(snapshot, checked, time, ahead), checked, time);
        return { decision, hits: floodHits(snapshot, decision) };
      });
    const { decision, hits } = decideNow();
    // If this upload floods an entry, the entry asks for less at once: the decision is made again at that revision.
    const flooded = this.#context.countHits(hits, uploadKey(checked), time);
    const answer = flooded ? decideNow().decision : decision;
    if (this.#audit && answer.action !== "none") this.#context.record("decision", auditDetail(answer));
    return answer;
  }

  /**
   * Decides about an image file. It reads the file once, hashes the image in all orientations, and takes the MD5, SHA-1
   * and SHA-256 of its bytes. Raw pixels have no digests. If the decoder refuses the image but the bytes match, that
   * match is the answer.
   *
   * At the levels `"standard"` and `"thorough"` it also searches altered copies among the signals that may match. The
   * policies then decide with each bank's orientations, labels and qualities. A copy is within the distance that
   * `searchImage` allows, and within the bank's radius where that is below 31. A copy for review asks for a review at
   * most. The search ends once the strongest action that any bank asks for is decided. The decision's `query` has the
   * views that were found, so that `explain` repeats it.
   *
   * At `"thorough"` the local records of banks with the policy `local` come last, where nothing stronger was found. By
   * them any part of an original is found. The first such check opens all records, 0.7 ms each.
   *
   * @throws as `hashImage`, also for an image that the decoder refuses, unless its bytes match. {EmpreinteError}
   * `ERR_EMPREINTE_CLOSED`. {BankError} `ERR_EMPREINTE_LOCAL_KEY` for a record that does not open.
   *
   * @example
   * const { action, matches } = await matcher.checkImage("screenshot.png", { level: "thorough" });
   */
  async checkImage(input: ImageInput, options?: CheckImageOptions): Promise<Decision> {
    const given = checkOptions(options, imageOptionNames);
    const { level: givenLevel = "fast", all: givenAll = false } = given;
    const level = checkLevel(givenLevel);
    const all = boolean("all", givenAll);
    const signal = checkSignal(given.signal);
    const hash = checkHashOptions({ orientations: true });
    const reading = { ...checkInputOptions(given), page: checkPage(given.page), hash, hashOnly: level === "fast" };
    const { digests, samples, refused } = await readUpload(input, reading, digestTypes, signal);
    const checked = checkQuery(queryOf(samples?.hash, digests));
    const search = samples !== undefined && level !== "fast";
    const found = search ? await findCopies(this.#context, checked, samples, { level, all, signal }) : {};
    const decision = await this.#searchAndDecide({ ...checked, ...found }, signal);
    if (refused !== undefined && decision.matches.length === 0) throw refused;
    return samples?.furtherPages ? { ...decision, furtherPages: true } : decision;
  }

  /**
   * Decides about a video by the stretches that it shares with the videos of the banks: the entries whose `vpdq`
   * signals have times. What counts as the same video is what `VideoIndex` finds with the radius, the quality and the
   * orientations of the bank's policy, and at least the policy's `minSharedSeconds` and `minShare`. Every frame is also
   * compared with the images of the banks, as `check` compares an image, and the bytes with their digests. It is one
   * decision, which counts as one upload.
   *
   * The input is a video as `hashVideo` takes it, or a signature, best with every frame (`sampling: "all"`, the default
   * here) and with `orientations`. The decision's `query` has the pairs of frames that match, so that `explain` repeats
   * it without the video.
   *
   * @throws as `hashVideo`. {InvalidArgumentError} {InvalidHashError} for a malformed signature. {ImageError}
   * `ERR_EMPREINTE_READ` where the bytes cannot be read again for their digests. {EmpreinteError}
   * `ERR_EMPREINTE_CLOSED`
   *
   * @example
   * const { action, matches } = await matcher.checkVideo("upload.mp4", { level: "standard" });
   * for (const { entryId, segments = [] } of matches) console.log(action, entryId, segments);
   */
  async checkVideo(input: VideoInput | VideoSignature, options?: CheckVideoOptions): Promise<Decision> {
    const given = checkOptions(options, videoOptionNames) as CheckVideoOptions;
    // The caller may change the bytes as soon as this returns.
    const held = isBytes(input) ? Uint8Array.from(input) : input instanceof ArrayBuffer ? input.slice() : input;
    const { queryOfVideo } = await import("./video/check-video.js");
    return this.check(await queryOfVideo(this.#context, held, given));
  }

  /**
   * Records what an analyst says about the upload of a decision. That confirms or overrides the suggestion,
   * `decision.prequalification`, and becomes the suggestion for the next upload that matches the same entry.
   *
   * @throws {InvalidArgumentError} also where the decision has no match: import content that no bank has first.
   * @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` if the entry was removed since. `ERR_EMPREINTE_BUSY`
   *
   * @example
   * const decision = await matcher.checkImage("upload.jpg");
   * matcher.qualify(decision, { labels: decision.prequalification?.labels ?? ["ncmec:B1"], by: "ada" });
   */
  qualify(decision: Decision, qualification: QualifyInput): Qualification {
    const {
      entryNumber: wanted,
      by,
      ...rest
    } = checkOptions(qualification, ["labels", "by", "note", "entryNumber"]) as QualifyInput;
    if (!Array.isArray(decision?.matches)) throw invalidArgument("decision", "decision that check made", decision);
    const match =
      wanted === undefined ? decision.matches[0] : decision.matches.find(({ entryNumber }) => entryNumber === wanted);
    if (match === undefined) throw invalidArgument("entryNumber", "number of one of the decision's matches", wanted);
    const { entryNumber, distance } = match;
    return this.#context.qualify({ ...rest, by, entryNumber, distance, suggested: decision.prequalification });
  }

  /**
   * Repeats an earlier decision with the store as it was at the decision's revision. It uses the records and not the
   * index, which takes about a second for a million signals.
   *
   * @throws {InvalidArgumentError}
   *
   * @example
   * const { same, gone } = matcher.explain(decision);
   */
  explain(decision: Decision): Explanation {
    if (typeof decision !== "object" || decision === null || !Array.isArray(decision.matches)) {
      throw invalidArgument("decision", "decision that check made", decision);
    }
    const query = checkQuery(decision.query);
    integer("time", decision.time, 0, Number.MAX_SAFE_INTEGER);
    const revision = integer("revision", decision.revision, 0, Number.MAX_SAFE_INTEGER);
    return this.#context.readAt(revision, (snapshot) => explainDecision(snapshot, { ...decision, query }));
  }
}
