import { availableParallelism } from "node:os";
import { type CheckQuery, type Decision, type DecisionMatch, Matcher } from "../../../doors/bank.js";
import { digestFile, type FileDigests, type ImageHash, type ImageInput } from "../../../index.js";
import type { HashVideoOptions } from "../../../doors/video.js";
import { hashSettings, imageLimitsOf, limitsOf } from "../../io/each-file.js";
import type { StreamResult } from "../../io/videos/video-outcomes.js";
import { hashWork, type ImageWork, someAtATime } from "../../io/image-work.js";
import { readLocalKey } from "../../io/local-key.js";
import { defined } from "../../io/defined.js";
import { partialFailure } from "../../io/videos/videos.js";
import { UsageError } from "../../table/parse.js";
import { labelText, withStore } from "../bank/store.js";
import {
  imageAbout,
  placeText,
  regionText,
  type ScanMatch,
  type ScanRecord,
  type ScanResult,
  videoAbout,
  viewText,
} from "./record.js";
import { searchPages } from "./pages.js";
import { segmentRecord } from "./segment-record.js";
import { type Compare, runScanner, type ScanContext, type Scanner } from "./scanner.js";

type Place = { page?: number };
type FileMatch = DecisionMatch & Place;
type Digests = NonNullable<CheckQuery["digests"]>;

const digestTypes: (keyof FileDigests)[] = ["md5", "sha1", "sha256"];

function queryOf({ hash, quality, stable, orientations }: CheckQuery): CheckQuery {
  return {
    ...(hash !== undefined && { hash }),
    quality: quality!,
    stable: stable!,
    ...(orientations && { orientations }),
  };
}

/** Yields the queries of an image: its bytes once, and each page. */
function* imageQueries(image: ImageHash): Generator<[CheckQuery, Place]> {
  const { digests, frames } = image;
  if (frames === undefined) {
    yield [{ ...queryOf(image), ...(digests && { digests }) }, {}];
    return;
  }
  if (digests) yield [{ digests }, {}];
  for (const frame of frames) yield [queryOf(frame), { page: frame.page }];
}

const strength = ["none", "log", "review", "block"];

interface FileDecision extends Pick<Decision, "action" | "reasons" | "revision" | "prequalification"> {
  matches: FileMatch[];
}

/** One decision for a file: each entry by its nearest page, the strongest action, the nearest suggestion. */
function combine(decided: Iterable<[Decision, Place]>): FileDecision {
  const best = new Map<number, FileMatch>();
  const all: FileDecision = { action: "none", reasons: [], revision: 0, matches: [] };
  const reasons = new Set<string>();
  for (const [one, place] of decided) {
    if (strength.indexOf(one.action) > strength.indexOf(all.action)) all.action = one.action;
    all.revision = one.revision;
    for (const reason of one.reasons) reasons.add(reason);
    const said = one.prequalification;
    if (said && said.distance < (all.prequalification?.distance ?? Infinity)) all.prequalification = said;
    for (const match of one.matches) {
      const other = best.get(match.entryNumber);
      if (other === undefined || match.distance < other.distance) best.set(match.entryNumber, { ...match, ...place });
    }
  }
  const matches = [...best.values()].sort((a, b) => a.distance - b.distance || a.entryNumber - b.entryNumber);
  return { ...all, matches, reasons: [...reasons] };
}

function scanMatch(match: FileMatch): ScanMatch {
  const { action, distance, bank, source, entryId, entryNumber, region, trimmed, crop, segments } = match;
  const reference = `${bank}/${source}/${entryId ?? `#${entryNumber}`}`;
  const labels = match.labels.map(labelText).join(" ");
  const isExact = match.kind === "exact";
  const verdict: ScanRecord["verdict"] = isExact ? "exact" : (match.tier ?? "match");
  const actionText = `action=${action}`;
  if (segments !== undefined) {
    const common = { verdict, reference, orientation: match.orientation, trimmed, isVideo: true, isImage: false };
    const [first, ...rest] = segments.map((segment) => {
      const record = segmentRecord({ ...common, detail: [labels] }, segment);
      return { ...record, detail: [actionText, ...record.detail] };
    });
    return { records: [first!, ...rest], json: match };
  }
  const exact = isExact ? `digest=${match.type}` : undefined;
  const orientation = isExact ? undefined : match.orientation;
  const cropText = crop === undefined ? undefined : `crop=${crop}`;
  const detail = [actionText, placeText(match), regionText(region), exact, cropText, labels];
  const view = viewText(match.view ?? (trimmed ? "trimmed" : undefined));
  return { records: [{ verdict, distance, reference, orientation, view, detail }], json: match };
}

function resultOf(about: object, decision: FileDecision, failure?: unknown): ScanResult {
  const { matches, ...rest } = decision;
  const counts = ({ negative, suppressed }: FileMatch): boolean => !negative && !suppressed;
  const [shown, suppressed] = [matches.filter(counts), matches.filter((match) => !counts(match))];
  return {
    about: { ...about, ...rest },
    matches: shown.map(scanMatch),
    suppressed: suppressed.map(scanMatch),
    found: decision.action !== "none",
    failure,
  };
}

/** Decides about files by the policies of a store's banks. */
class BankScanner implements Scanner {
  readonly images: ImageWork<Compare>;
  readonly videoOptions: HashVideoOptions;
  readonly #context: ScanContext;
  readonly #matcher: Matcher;

  constructor(context: ScanContext, matcher: Matcher) {
    const { options, sampling, copyLevel, session } = context;
    this.#context = context;
    this.#matcher = matcher;
    this.videoOptions = { ...limitsOf(options), sampling, partial: true };
    const hashing = { ...hashSettings(options), orientations: true, digests: digestTypes };
    const most = options.concurrency ?? Math.min(4, availableParallelism());
    const limits = { ...imageLimitsOf(options), ...defined({ maxPages: options.maxPages }) };
    const { signal, stdin } = session;
    this.images =
      copyLevel === undefined
        ? hashWork<Compare>(hashing, stdin, (hash) => async () => this.#image(hash))
        : someAtATime(most, async (file) => {
            const search = (input: ImageInput, page: Place): Promise<Decision> =>
              matcher.checkImage(input, { ...limits, ...page, level: copyLevel, signal });
            const { pages, failure } = await searchPages(file, context, search);
            const decided = pages.map(({ result, ...place }): [Decision, Place] => [result, place]);
            return async () => this.#decided(aboutDecided(pages[0]!.result), decided, failure);
          });
  }

  #decided(about: object, decided: Iterable<[Decision, Place]>, failure?: unknown): ScanResult {
    return resultOf(about, combine(decided), failure);
  }

  *#decisions(queries: Iterable<[CheckQuery, Place]>): Generator<[Decision, Place]> {
    for (const [query, place] of queries) yield [this.#matcher.check(query), place];
  }

  #image(image: ImageHash): ScanResult {
    return this.#decided(imageAbout(image), this.#decisions(imageQueries(image)));
  }

  async #digestsOf(path: string): Promise<Digests> {
    return digestFile(path, { digests: digestTypes, signal: this.#context.session.signal });
  }

  readonly video = async (input: string | Uint8Array, options: HashVideoOptions): Promise<StreamResult<Compare>> => {
    let failure: unknown;
    // The bytes are read a second time: ffmpeg has read them the first. Without them the frames are decided about
    // alone, as those of further streams are.
    const digests = (): Promise<Digests | undefined> =>
      options.stream === 0 && typeof input === "string"
        ? this.#digestsOf(input).catch((error: unknown) => void (failure = error))
        : Promise.resolve(undefined);
    const level = this.#context.copyLevel ?? "fast";
    const decision = await this.#matcher.checkVideo(input, { ...options, level, digests });
    const { problem, streamCount } = decision.query.video ?? {};
    if (problem !== undefined) failure ??= partialFailure({ partial: true, problem });
    const result = async (): Promise<ScanResult> => this.#decided(aboutDecided(decision), [[decision, {}]], failure);
    return { result, streamCount };
  };

  readonly undecodable = async (path: string): Promise<ScanResult | undefined> => {
    // What cannot be read is reported by reading it as an image.
    const digests = await this.#digestsOf(path).catch(() => undefined);
    return digests && this.#decided({}, this.#decisions([[{ digests }, {}]]));
  };
}

/** Returns what JSON says of the file that was decided about; one that cannot be decoded is known by its bytes. */
function aboutDecided({ query: { hash, quality, video } }: Decision): object {
  if (video !== undefined) return videoAbout({ durationSeconds: video.durationSeconds, frames: video.frameCount });
  return hash === undefined ? {} : imageAbout({ hash, quality });
}

/** `empreinte scan --bank FILE`: what the policies of its banks say of each file. */
export async function scanBank(file: string, context: ScanContext): Promise<number> {
  const { options, session } = context;
  const usesLocal = options.level === "thorough";
  if (options.localKey !== undefined && !usesLocal)
    throw new UsageError("--local-key is used with --level thorough only");
  return withStore(
    file,
    async (store) => {
      const before = store.flooded().length;
      const wanting = store.banks().filter(({ policy }) => policy.local !== undefined);
      if (usesLocal && store.local.size > 0 && !store.local.isOpen && wanting.length > 0) {
        session.note(`${wanting.map(({ name }) => name).join(", ")}: local records need --local-key: not searched`);
      }
      const scanner = new BankScanner(context, new Matcher(store, { audit: options.audit }));
      const end = await runScanner(scanner, context, false);
      for (const { bank, entryNumber, reason } of store.flooded().slice(before)) {
        session.note(`${bank}, entry #${entryNumber}: ${reason}; it leads to review at most until it is released`);
      }
      return end;
    },
    { actor: options.actor, localKey: usesLocal ? readLocalKey(options.localKey) : undefined },
  );
}
