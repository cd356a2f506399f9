/** HMA's lookups. Our policies decide: radius, labels, negative banks, and the ratios that HMA's clients set. */
import { createHash } from "node:crypto";
import type { CheckQuery, Decision } from "empreinte/bank";
import type { Matching } from "../core/matching.js";
import type { Service } from "../core/service.js";
import type { Scopes } from "../keys/scopes.js";
import { ratioOf } from "./ratio.js";

/** HMA's match. The distance is text. */
export interface HmaMatch {
  bank_content_id: number;
  distance: string;
}

export type MatchesByBank = Record<string, HmaMatch[]>;

export interface LookupOptions {
  /** The names of the banks to search. Unknown ones count for nothing. */
  banks: readonly string[] | undefined;
  /** One draw for all banks: a bank whose ratio is below it is left out. */
  seed: string | undefined;
  /** Whether ratios count for nothing. */
  bypass: boolean;
  scopes: Scopes;
  signal?: AbortSignal;
}

/** Returns a number of 0 … 1 that is always the same for a seed. */
const draw = (seed: string): number => createHash("sha256").update(seed).digest().readUIntBE(0, 6) / 2 ** 48;

/** Which of what was found a caller gets. */
type Shown = Pick<LookupOptions, "banks" | "scopes">;

interface Found {
  bank: string;
  entryNumber: number;
  distance: number;
}

/** The entries near a query by the policies, but with the ratios as `counts` says. */
async function searchBanks(
  { store }: Service,
  query: CheckQuery,
  counts: (ratio: number) => boolean,
  signal: AbortSignal | undefined,
): Promise<Found[]> {
  const banks = new Map(store.banks().map((bank) => [bank.name, bank]));
  const radius = Math.max(0, ...[...banks.values()].map(({ policy }) => policy.radius));
  const found = await store.search(query, { radius, ...(signal !== undefined && { signal }) });
  return found.filter(({ bank, distance, labels }) => {
    const known = banks.get(bank);
    if (known === undefined || known.negative || distance > known.policy.radius) return false;
    const wanted = known.policy.labels;
    const labelled = wanted === undefined || labels.some(({ scheme, code }) => wanted.includes(`${scheme}:${code}`));
    return labelled && counts(ratioOf(known.policy));
  });
}

/** Looks a query up. Returns the matches by the names of their banks, nearest first. */
export async function lookup(
  service: Service,
  matching: Matching,
  query: CheckQuery,
  options: LookupOptions,
): Promise<MatchesByBank> {
  const { seed, bypass, signal } = options;
  if (!bypass && seed === undefined) {
    return matchesOf(service, matching, await service.matcher.checkHash(query, signal && { signal }), options);
  }
  const chosen = bypass ? 0 : draw(seed ?? "");
  const counts = (ratio: number): boolean => (bypass || ratio > 0) && ratio >= chosen;
  return byBanks(service, await searchBanks(service, query, counts, signal), options);
}

/** Counts a decision, and returns its matches by the names of their banks, nearest first. */
export function matchesOf(service: Service, matching: Matching, decision: Decision, shown: Shown): MatchesByBank {
  matching.report(decision);
  const found = decision.matches.filter(({ negative, suppressed }) => !negative && !suppressed);
  return byBanks(service, found, shown);
}

function byBanks(service: Service, found: readonly Found[], { banks, scopes }: Shown): MatchesByBank {
  if (found.length === 0) return {};
  const name = service.banks.namer();
  const byBank: MatchesByBank = {};
  for (const { bank, entryNumber, distance } of found) {
    const shown = name(bank);
    if (shown === undefined || !scopes.allows("match", shown)) continue;
    if (banks !== undefined && !banks.includes(shown)) continue;
    (byBank[shown] ??= []).push({ bank_content_id: entryNumber, distance: String(distance) });
  }
  return byBank;
}
