/** Decisions as a caller may see them, and as the store knows them. */
import type { Decision, DecisionMatch } from "empreinte/bank";
import { badRequest } from "../core/errors.js";
import type { Service } from "../core/service.js";
import type { Scopes } from "../keys/scopes.js";

const strength = ["log", "review", "block"] as const;

function strongest(matches: readonly DecisionMatch[]): Decision["action"] {
  const counted = matches.filter(({ negative, suppressed }) => !negative && !suppressed);
  return counted.reduce<Decision["action"]>((action, match) => {
    const rank = (one: Decision["action"]): number => strength.findIndex((name) => name === one);
    return rank(match.action) > rank(action) ? match.action : action;
  }, "none");
}

/**
 * The part of a decision that concerns the banks of a caller. Who may search all banks gets it whole. For others the action
 * and the reasons are those of their own banks, and `explain` cannot repeat it.
 */
export function shownDecision(
  decision: Decision,
  scopes: Scopes,
  name: (bank: string) => string | undefined,
): Decision {
  const named = decision.matches.flatMap((match) => {
    const bank = name(match.bank);
    return bank === undefined || !scopes.allows("match", bank) ? [] : [{ ...match, bank }];
  });
  if (scopes.hasAll("match")) return { ...decision, matches: named };
  const { prequalification, query, ...rest } = decision;
  const own = named.some(({ entryNumber }) => entryNumber === prequalification?.entryNumber);
  const { copies: _copies, video: _video, ...shown } = query;
  return {
    ...rest,
    action: strongest(named),
    matches: named,
    reasons: named.map(({ rule }) => rule),
    ...(own && prequalification !== undefined && { prequalification }),
    query: shown,
  };
}

/** A decision that a caller gives back, with the store's names of banks. @throws {ServiceError} 400 */
export function storedDecision({ banks }: Service, decision: Decision): Decision {
  if (!Array.isArray(decision.matches)) throw badRequest("decision.matches must be a list");
  const stored = new Map(banks.list().map(({ name, stored: bank }) => [name, bank]));
  const matches = decision.matches.map((match) => ({ ...match, bank: stored.get(match.bank) ?? match.bank }));
  return { ...decision, matches };
}
