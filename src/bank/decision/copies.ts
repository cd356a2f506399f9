/** Searching altered copies in a store that other processes change meanwhile. */
import {
  byDistance,
  type Candidate,
  type CandidateSet,
  isSure,
  matchOf,
  supportCount,
} from "../../copies/candidates.js";
import { searchCopies } from "../../copies/search-copies.js";
import type { CopyIndex, CopyLevel, NearHash } from "../../copies/types.js";
import { matchRadius, reviewRadius } from "../../thresholds.js";
import type { Samples } from "../../image/samples.js";
import type { DecisionContext } from "./context.js";
import { type Decision, decide } from "./decide.js";
import { findMatches, labelMatchedByPolicy } from "./find-matches.js";
import { actions } from "./policy.js";
import { type CheckedQuery, type QueryCopy, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import type { Snapshot } from "./snapshot.js";

export interface CopyOptions {
  level: CopyLevel;
  /** Whether to run every stage, whatever is found. */
  all: boolean;
  signal: AbortSignal | undefined;
}

interface KnownSignal {
  entry: number;
  /** Whether the signal is the hash of a crop. */
  isCrop: boolean;
}

/** Answers the first candidate that is a match by itself, or else the nearest one that counts. */
function bestOf(candidates: readonly Candidate[], strict: boolean): Candidate | undefined {
  const sorted = [...candidates].sort(byDistance);
  const most = strict ? matchRadius : reviewRadius;
  return sorted.find((candidate) => isSure(candidate, matchRadius)) ?? sorted.find(({ distance }) => distance <= most);
}

function queryCopy(best: Candidate, support: number): QueryCopy {
  const { id, tier, view, orientation, region } = matchOf(
    best,
    isSure(best, matchRadius) ? "match" : "review",
    support,
  );
  return {
    signal: id,
    hash: Buffer.from(best.viewHash.hash).toString("hex"),
    quality: best.viewHash.quality,
    tier,
    view,
    ...(orientation !== "orig" && { orientation }),
    ...(region && { region }),
    supportCount: support,
  };
}

/**
 * The store's index, without the signals that no bank would count for this upload. Such signals would take the places of
 * others in the alignment.
 */
class CountedSignals implements CopyIndex {
  /** The signals that were found so far; undefined for one that no bank counts. */
  readonly #known = new Map<number, KnownSignal | undefined>();
  readonly #context: DecisionContext;
  readonly #upload: string;
  readonly #time: number;

  constructor(context: DecisionContext, upload: string, time: number) {
    this.#context = context;
    this.#upload = upload;
    this.#time = time;
  }

  async searchMany(...search: Parameters<CopyIndex["searchMany"]>): Promise<NearHash[][]> {
    const found = await this.#context.index.searchMany(...search);
    const fresh = new Set(found.flatMap((hits) => hits.map(({ id }) => id)).filter((id) => !this.#known.has(id)));
    if (fresh.size > 0) {
      this.#context.read((snapshot) => fresh.forEach((id) => this.#known.set(id, this.#counted(snapshot, id))));
    }
    return found.map((hits) => hits.filter(({ id }) => this.#known.get(id) !== undefined));
  }

  get(id: number): Uint8Array | undefined {
    return this.#context.index.get(id);
  }

  /** Answers the entry of a signal that was found. */
  entryOf = (id: number): number => this.#known.get(id)!.entry;
  /**
   * Answers the group of a signal that was found. A crop may ask for less than the whole image, so that the whole image is
   * aligned whatever was found of its crops.
   */
  groupOf = (id: number): number => Number(this.#known.get(id)!.isCrop);

  /** Answers each accepted entry's best view by whole images and by crops, because policies treat these differently. */
  copies(candidates: CandidateSet): QueryCopy[] {
    return [...candidates.accepted().values()].flatMap((seen) => {
      const support = supportCount(seen);
      return [false, true].flatMap((isCrop) => {
        const some = seen.filter(({ id }) => this.#known.get(id)!.isCrop === isCrop);
        const best = bestOf(some, candidates.strict);
        return best === undefined ? [] : [queryCopy(best, support)];
      });
    });
  }

  #counted(snapshot: Snapshot, id: number): KnownSignal | undefined {
    const record = snapshot.signal(id);
    const entry = record && snapshot.entry(record.entry);
    const bank = entry && snapshot.banks().get(entry.bank);
    if (record === undefined || entry === undefined || bank === undefined) return undefined;
    if (labelMatchedByPolicy(bank, entry, this.#upload, this.#time) === undefined) return undefined;
    return { entry: record.entry, isCrop: record.crop !== 0 };
  }
}

/**
 * Answers the views of an image that are near signals of the store. It stops once the banks would decide the strongest
 * action that any of them asks for, because nothing found later changes that. With `all` it runs to the end.
 */
export async function findCopies(
  context: DecisionContext,
  query: CheckedQuery,
  samples: Samples,
  { level, all, signal }: CopyOptions,
): Promise<QueryCopy[]> {
  const time = Date.now();
  const upload = uploadKey(query);
  const banks = context.read((snapshot) => [...snapshot.banks().values()]);
  const searched = banks.filter(({ policy }) => isSampled(policy, upload));
  const strongest = actions.find((one) => searched.some(({ policy, negative }) => !negative && policy.action === one));
  if (strongest === undefined) return [];
  const index = new CountedSignals(context, upload, time);
  const decided = (copies: QueryCopy[]): Decision["action"] =>
    context.read((snapshot) => {
      const whole = { ...query, copies };
      return decide(snapshot, findMatches(snapshot, whole, time), whole, time).action;
    });
  const isDecided = (candidates: CandidateSet): boolean => !all && decided(index.copies(candidates)) === strongest;
  // The check itself searches the image's own hash, within the radius of every policy.
  if (level === "fast" || (!all && decided([]) === strongest)) return [];
  const { entryOf, groupOf } = index;
  const options = { level, radius: matchRadius, entryOf, groupOf, signal, isDecided };
  const { candidates } = await searchCopies(samples, index, options);
  // Of entries with the same image only one is aligned, but another's bank may ask for more: search aligned views again.
  const seen = [...candidates.accepted().values()].flat().map(({ viewHash }) => viewHash);
  const aligned = [...new Set(seen)].filter(({ name }) => name === "aligned");
  await candidates.search(index, aligned, matchRadius, signal);
  return index.copies(candidates);
}
