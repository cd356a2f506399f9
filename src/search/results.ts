/**
 * From the core's answer to matches. It has three numbers for each: the id, the query, and 512 times the number of the
 * crop plus the distance.
 */
import { orientationNames } from "../hash/orientations.js";
import type { IndexMatch } from "./match.js";

const cropUnit = 512;

/** Returns the matches of one query. */
export function matchesOf(numbers: Float64Array | undefined): IndexMatch[] {
  if (numbers === undefined) return [];
  const matches: IndexMatch[] = [];
  for (let i = 0; i < numbers.length; i += 3) matches.push(matchAt(numbers, i));
  return matches;
}

/** The matches of each query. */
export function groupMatches(numbers: Float64Array | undefined, queries: number): IndexMatch[][] {
  const lists: IndexMatch[][] = Array.from({ length: queries }, () => []);
  if (numbers === undefined) return lists;
  for (let i = 0; i < numbers.length; i += 3) lists[numbers[i + 1]!]!.push(matchAt(numbers, i));
  return lists;
}

function matchAt(numbers: Float64Array, i: number): IndexMatch {
  const id = numbers[i]!;
  const packed = numbers[i + 2]!;
  if (packed < cropUnit) return { id, distance: packed, orientation: "orig" };
  return { id, distance: packed % cropUnit, orientation: "orig", crop: Math.floor(packed / cropUnit) - 1 };
}

/**
 * Returns one list from those of a query's orientations: each id once, by its nearest orientation, sorted by distance,
 * then id.
 * @param limit how many are kept; 0: all.
 */
export function nearestOrientations(lists: IndexMatch[][], limit: number): IndexMatch[] {
  if (lists.length <= 1) return lists[0] ?? [];
  const best = new Map<number, IndexMatch>();
  lists.forEach((matches, i) => {
    for (const match of matches) {
      const other = best.get(match.id);
      if (other !== undefined && other.distance <= match.distance) continue;
      match.orientation = orientationNames[i]!;
      best.set(match.id, match);
    }
  });
  const sorted = [...best.values()].sort((a, b) => a.distance - b.distance || a.id - b.id);
  return limit === 0 ? sorted : sorted.slice(0, limit);
}
