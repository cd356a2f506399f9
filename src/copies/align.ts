import { leastViewQuality } from "../thresholds.js";
import { hashDistance } from "../hash/value.js";
import type { QueryImage } from "../views/query-image.js";
import type { Candidate, CandidateSet } from "./candidates.js";
import { weakRadius } from "./radii.js";
import type { AlteredLevel, CopyIndex } from "./types.js";

/**
 * How many entries of each group are aligned, and how many views of each. `"standard"` makes no extra look-up for it.
 */
const bounds = { standard: [1, 1], thorough: [3, 2] } as const;

/**
 * Moves the views that are nearest an entry towards it and adds what they come to. Returns how many views were moved.
 */
export async function alignCandidates(
  image: QueryImage,
  index: CopyIndex,
  candidates: CandidateSet,
  { level, signal }: { level: AlteredLevel; signal: AbortSignal | undefined },
): Promise<number> {
  const [mostEntries, mostViews] = bounds[level];
  const starts: Candidate[] = [];
  for (const entries of candidates.alignable()) {
    for (const near of entries.slice(0, mostEntries)) starts.push(...near.filter(isAlignable).slice(0, mostViews));
  }
  const wanted = starts.flatMap(({ id, crop, viewHash }) => {
    const target = index.get(id, crop);
    return target === undefined ? [] : [{ id, ...(crop !== undefined && { crop }), from: viewHash, target }];
  });
  if (wanted.length === 0) return 0;
  const aligned = await image.align(wanted, signal);
  aligned.forEach((viewHash, i) => {
    if (viewHash.quality < leastViewQuality || !viewHash.stable) return;
    const { target, from: _from, ...known } = wanted[i]!;
    candidates.add({ ...known, distance: hashDistance(viewHash.hash, target), viewHash });
  });
  return wanted.length;
}

function isAlignable({ distance, viewHash }: Candidate): boolean {
  return distance <= weakRadius && viewHash.name !== "negative";
}
