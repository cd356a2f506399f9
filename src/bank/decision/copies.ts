/** Looking for altered copies in a store that others change meanwhile. */
import type { Samples } from "../../image/samples.js";
import { searchCopies } from "../../copies/search-copies.js";
import { byDistance, type CopyIndex, type CandidateSet, isSure, matchOf } from "../../copies/candidates.js";
import { reviewRadius, type Candidate, sureRadius, supportCount } from "../../copies/candidates.js";
import type { CopyLevel } from "../../copies/types.js";
import { type Decision, decide } from "./decide.js";
import { labelMatchedByPolicy, findMatches } from "./find-matches.js";
import { actions } from "./policy.js";
import { type CheckedQuery, type QueryCopy, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import type { View } from "./snapshot.js";

/** What of a store a look needs. */
export interface LookedIn {
  view<T>(work: (view: View) => T): T;
  /** The index of the signals that may match. Some may have ended meanwhile. */
  readonly near: CopyIndex;
}

export interface Look {
  level: CopyLevel;
  all: boolean;
  signal: AbortSignal | undefined;
}

interface KnownSignal {
  entry: number;
  /** Whether the signal is of a part of the entry's picture. */
  derived: boolean;
}

/** Of these the first that is a match by itself, otherwise the nearest that counts. */
function bestOf(seen: readonly Candidate[], strict: boolean): Candidate | undefined {
  const sorted = [...seen].sort(byDistance);
  const least = strict ? sureRadius : reviewRadius;
  return sorted.find(isSure) ?? sorted.find(({ distance }) => distance <= least);
}

function copyOf(best: Candidate, support: number): QueryCopy {
  const { id, tier, view, orientation, region } = matchOf(best, isSure(best) ? "match" : "review");
  return {
    signal: id,
    hash: Buffer.from(best.viewHash.hash).toString("hex"),
    quality: best.viewHash.quality,
    tier,
    view,
    ...(orientation !== undefined && { orientation }),
    ...(region && { region }),
    supportCount: support,
  };
}

/** The signals of a store that were met, and what was seen of them. */
class Candidates implements CopyIndex {
  /** Undefined: of no entry that any bank asks this upload for. */
  readonly #known = new Map<number, KnownSignal | undefined>();
  readonly #store: LookedIn;
  readonly #upload: string;
  readonly #time: number;

  constructor(store: LookedIn, upload: string, time: number) {
    this.#store = store;
    this.#upload = upload;
    this.#time = time;
  }

  async searchMany(...asked: Parameters<CopyIndex["searchMany"]>): ReturnType<CopyIndex["searchMany"]> {
    const found = await this.#store.near.searchMany(...asked);
    const fresh = new Set(found.flatMap((hits) => hits.map(({ id }) => id)).filter((id) => !this.#known.has(id)));
    if (fresh.size > 0) this.#store.view((view) => fresh.forEach((id) => this.#known.set(id, this.#look(view, id))));
    return found.map((hits) => hits.filter(({ id }) => this.#known.get(id) !== undefined));
  }

  get(id: number): Uint8Array | undefined {
    return this.#store.near.get(id);
  }

  entryOf = (id: number): number => this.#known.get(id)!.entry;
  /** A derived hash may ask for less than the picture's own, which is worth aligning whatever is seen of the other. */
  kindOf = (id: number): number => Number(this.#known.get(id)!.derived);

  /** Of each entry that counts what says most, of its own hashes and of the derived ones: policies weigh these apart. */
  copies(evidence: CandidateSet): QueryCopy[] {
    return [...evidence.accepted().values()].flatMap((seen) => {
      const support = supportCount(seen);
      return [false, true].flatMap((derived) => {
        const some = seen.filter(({ id }) => this.#known.get(id)!.derived === derived);
        const best = bestOf(some, evidence.strict);
        return best === undefined ? [] : [copyOf(best, support)];
      });
    });
  }

  #look(view: View, id: number): KnownSignal | undefined {
    const record = view.signal(id);
    const entry = record && view.entry(record.entry);
    const bank = entry && view.banks().get(entry.bank);
    if (record === undefined || entry === undefined || bank === undefined) return undefined;
    if (labelMatchedByPolicy(bank, entry, this.#upload, this.#time) === undefined) return undefined;
    return { entry: record.entry, derived: record.part !== 0 };
  }
}

/**
 * What of the store views of the picture come near. It ends where the banks would decide the strongest that any of them asks
 * for, as nothing that is found then changes that, or with `all` at the end.
 */
export async function copiesIn(
  store: LookedIn,
  query: CheckedQuery,
  samples: Samples,
  { level, all, signal }: Look,
): Promise<QueryCopy[]> {
  const time = Date.now();
  const upload = uploadKey(query);
  const asking = store.view((view) => [...view.banks().values()].filter(({ policy }) => isSampled(policy, upload)));
  const strongest = actions.find((one) => asking.some(({ policy, negative }) => !negative && policy.action === one));
  if (strongest === undefined) return [];
  const candidates = new Candidates(store, upload, time);
  const decided = (copies: QueryCopy[]): Decision["action"] =>
    store.view((view) => {
      const asked = { ...query, copies };
      return decide(view, findMatches(view, asked, time), asked, time).action;
    });
  const enough = (evidence: CandidateSet): boolean => !all && decided(candidates.copies(evidence)) === strongest;
  // What the picture as it is gives, every policy's radius included, is looked up by the check itself.
  if (level === "fast" || (!all && decided([]) === strongest)) return [];
  const { entryOf, kindOf } = candidates;
  const { evidence } = await searchCopies(samples, candidates, { level, entryOf, kindOf, signal, enough });
  // One entry is aligned of all that have the same picture: another's bank may ask for more.
  const seen = [...evidence.accepted().values()].flat().map(({ viewHash }) => viewHash);
  const aligned = [...new Set(seen)].filter(({ name }) => name === "aligned");
  await evidence.search(candidates, aligned, sureRadius, signal);
  return candidates.copies(evidence);
}
