/** Verifies candidates, and reads what the core found. */
import type { LocalFinding } from "../copies/local-holder.js";
import { withCancelToken } from "../native/abort.js";
import type { NativeLocalCandidate } from "../native/binding/local.js";
import { native } from "../native/load.js";
import { orientationOf } from "./orientation.js";
import type { QueryDescriptors, QueryPoints } from "./query-points.js";

/** The numbers of a finding in the core's answer. */
const numbersPerFinding = 18;
const tiers = [undefined, "review", "match"] as const;

/** A candidate that is to be verified. */
export interface VerifiedEntry extends NativeLocalCandidate {
  id: number;
}

export interface Verification {
  points: QueryPoints;
  descriptors: QueryDescriptors;
  negative: boolean;
  /** How many originals the index has: the tiers ask for more in a longer list. */
  images: number;
  signal: AbortSignal | undefined;
}

/** Verifies the entries, and returns those that are a match or a review: matches first, then by support. */
export async function verifyEntries(
  entries: readonly VerifiedEntry[],
  { points, descriptors, negative, images, signal }: Verification,
): Promise<LocalFinding[]> {
  if (entries.length === 0) return [];
  const candidates = entries.map(({ record, votes }) => ({ record, votes }));
  const request = { query: points.handle, ...descriptors, negative, images, candidates };
  const numbers = await withCancelToken(signal, (cancel) => native.verifyLocal(request, cancel));
  const findings = entries.flatMap(({ id }, i): LocalFinding[] => {
    const own = numbers.subarray(numbersPerFinding * i, numbersPerFinding * (i + 1));
    const tier = tiers[own[0]!];
    if (tier === undefined) return [];
    const corner = (at: number): [number, number] => [own[6 + 2 * at]!, own[7 + 2 * at]!];
    const region = [corner(0), corner(1), corner(2), corner(3)] as const;
    const [left, top, right, bottom] = own.subarray(14) as unknown as [number, number, number, number];
    const [inliers, support, seen] = own.subarray(2) as unknown as [number, number, number];
    const mirrored = own[1] === 1;
    const local = { inliers, support, seen, part: { left, top, right, bottom }, mirrored, negative };
    return [{ id, tier, distance: Math.round(own[5]!), orientation: orientationOf(region), region, local }];
  });
  return findings.sort(byTier);
}

/** Sorts matches before reviews, then by support, the most first, then by id. */
export function byTier(a: LocalFinding, b: LocalFinding): number {
  const order = { match: 0, review: 1 };
  return order[a.tier] - order[b.tier] || b.local.support - a.local.support || a.id - b.id;
}
