/** Searching altered copies in a store that other processes change meanwhile. */
import {
  byDistance,
  type Candidate,
  type CandidateSet,
  isSure,
  matchOf,
  supportCount,
} from "../../copies/candidates.js";
import { ImageViews } from "../../copies/image-views.js";
import type { LocalFinding } from "../../copies/local-holder.js";
import { searchCopies } from "../../copies/search-copies.js";
import type { CopyLevel, Tier } from "../../copies/types.js";
import { confirmedRadius, matchRadius, reviewRadius } from "../../thresholds.js";
import type { Samples } from "../../image/samples.js";
import type { DecisionContext } from "./context.js";
import { CountedSignals } from "./counted-signals.js";
import { type Decision, decide } from "./decide.js";
import { findMatches } from "./find-matches.js";
import { localQueryOf } from "./local-query.js";
import { labelMatchedByPolicy } from "./match-signals.js";
import { actions } from "./policy.js";
import { type CheckedQuery, type QueryCopy, uploadKey } from "./query.js";
import type { QueryOriginal } from "./query-local.js";
import { isSampled } from "./sampling.js";

export interface CopyOptions {
  level: CopyLevel;
  /** Whether to run every stage, whatever is found. */
  all: boolean;
  signal: AbortSignal | undefined;
}

/** Returns the first candidate that is a match, or else the nearest one that counts, with its tier. */
function bestOf(candidates: readonly Candidate[], set: CandidateSet): { best: Candidate; tier: Tier } | undefined {
  const sorted = [...candidates].sort(byDistance);
  const sure = sorted.find((candidate) => isSure(candidate, matchRadius)) ?? set.confirmed(candidates);
  if (sure !== undefined) return { best: sure, tier: "match" };
  const most = set.strict ? matchRadius : reviewRadius;
  const best = sorted.find(({ distance }) => distance <= most);
  return best && { best, tier: "review" };
}

function queryCopy({ best, tier }: { best: Candidate; tier: Tier }, support: number): QueryCopy {
  const { id, view, orientation, region } = matchOf(best, tier, support);
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

/** Returns each accepted entry's best view by whole images and by crops, because policies treat these differently. */
function queryCopies(candidates: CandidateSet, isCrop: (id: number) => boolean): QueryCopy[] {
  return [...candidates.accepted().values()].flatMap((seen) => {
    const support = supportCount(seen);
    return [false, true].flatMap((crops) => {
      const best = bestOf(
        seen.filter(({ id }) => isCrop(id) === crops),
        candidates,
      );
      return best === undefined ? [] : [queryCopy(best, support)];
    });
  });
}

/** What a search for copies adds to a query. */
export type FoundCopies = Pick<CheckedQuery, "copies" | "local">;

/** Returns what local points found, or undefined where that says nothing. */
function queryLocal(
  context: DecisionContext,
  found: readonly LocalFinding[],
  crowded: boolean,
): Pick<CheckedQuery, "local"> {
  const originals = context.read((snapshot) =>
    found.flatMap(({ id: signal, ...finding }): QueryOriginal[] => {
      const entry = snapshot.signal(signal)?.entry;
      const record = entry === undefined ? undefined : context.local?.sinceOf(entry);
      return record === undefined ? [] : [{ signal, record, ...finding }];
    }),
  );
  return originals.length === 0 && !crowded ? {} : { local: { originals, ...(crowded && { crowded: true }) } };
}

/**
 * Returns the views of an image that are near signals of the store. It stops once the banks would decide the strongest
 * action that any of them asks for, because nothing found later changes that. With `all` it runs to the end.
 */
export async function findCopies(
  context: DecisionContext,
  query: CheckedQuery,
  samples: Samples,
  { level, all, signal }: CopyOptions,
): Promise<FoundCopies> {
  const time = Date.now();
  const upload = uploadKey(query);
  const banks = context.read((snapshot) => [...snapshot.banks().values()]);
  const searched = banks.filter(({ policy }) => isSampled(policy, upload));
  const strongest = actions.find((one) => searched.some(({ policy, negative }) => !negative && policy.action === one));
  if (strongest === undefined) return {};
  const index = new CountedSignals(context, (entry, snapshot) => {
    const bank = snapshot.banks().get(entry.bank);
    return bank !== undefined && labelMatchedByPolicy(bank, entry, upload, time) !== undefined;
  });
  const { entryOf, isCrop } = index;
  // A crop may ask for less than the whole image, so that the whole image is aligned whatever was found of its crops.
  const groupOf = (id: number): number => Number(isCrop(id));
  const decided = (copies: QueryCopy[]): Decision["action"] =>
    context.read((snapshot) => {
      const whole = { ...query, copies };
      return decide(snapshot, findMatches(snapshot, whole, time), whole, time).action;
    });
  const isDecided = (candidates: CandidateSet): boolean =>
    !all && decided(queryCopies(candidates, isCrop)) === strongest;
  // The check itself searches the image's own hash, within the radius of every policy.
  if (level === "fast" || (!all && decided([]) === strongest)) return {};
  const wantsLocal =
    level === "thorough" && searched.some(({ policy, negative }) => !negative && policy.local !== undefined);
  const local = wantsLocal ? localQueryOf(context) : undefined;
  using image = new ImageViews(samples, local !== undefined);
  const options = { level, radius: matchRadius, entryOf, groupOf, signal, isDecided, local };
  const { candidates, local: found, crowded } = await searchCopies(image, index, options);
  // Of entries with the same image only one is aligned, but another's bank may ask for more: search aligned views
  // again.
  const seen = [...candidates.accepted().values()].flat().map(({ viewHash }) => viewHash);
  const aligned = [...new Set(seen)].filter(({ name }) => name === "aligned");
  await candidates.search(index, aligned, confirmedRadius, signal);
  const copies = queryCopies(candidates, isCrop);
  const sealed = wantsLocal && context.local === undefined && context.hasLocalRecords();
  return {
    ...(copies.length > 0 && { copies }),
    ...(sealed ? { local: { originals: [], sealed } } : queryLocal(context, found, crowded)),
  };
}
