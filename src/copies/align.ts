import { hashDistance } from "../hash/value.js";
import type { QueryImage } from "../views/query-image.js";
import { type CopyIndex, type CandidateSet, type Candidate, weakRadius } from "./candidates.js";
import type { CopyLevel } from "./types.js";

/**
 * How many entries of each kind are tried, and from how many places each. At `standard` nothing is looked up for it: it is what makes a
 * match, or nothing, of an entry that a view came near.
 */
const bounds = { fast: [0, 0], standard: [1, 1], thorough: [3, 2] } as const;
/** An aligned view has to be as good as any hypothesis. */
const leastQuality = 80;

/**
 * Moves the nearest views towards the entries they are near, and adds what that gives to the evidence. Answers how many
 * views were moved.
 */
export async function alignWeak(
  picture: QueryImage,
  index: CopyIndex,
  evidence: CandidateSet,
  options: { level: CopyLevel; signal: AbortSignal | undefined },
): Promise<number> {
  const [mostEntries, startsEach] = bounds[options.level];
  const starts: Candidate[] = [];
  for (const lists of evidence.alignable()) {
    for (const seen of lists.slice(0, mostEntries)) starts.push(...seen.filter(alignable).slice(0, startsEach));
  }
  const wanted = starts.flatMap(({ id, viewHash }) => {
    const target = index.get(id);
    return target === undefined ? [] : [{ id, from: viewHash, target }];
  });
  if (wanted.length === 0) return 0;
  const made = await picture.align(wanted, options.signal);
  made.forEach((aligned, i) => {
    const { id, target } = wanted[i]!;
    if (aligned.quality < leastQuality || !aligned.stable) return;
    evidence.add({ id, distance: hashDistance(aligned.hash, target), viewHash: aligned });
  });
  return wanted.length;
}

function alignable({ distance, viewHash }: Candidate): boolean {
  return distance <= weakRadius && viewHash.name !== "negative";
}
