/** Decisions as a caller may see them, and as the store knows them. */
import type { Decision, DecisionMatch } from "empreinte/bank";
import { badRequest } from "../core/errors.js";
import type { Service } from "../core/service.js";
import { type CheckedUpload, partName, strongestFirst } from "../core/video-parts.js";
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
 * Returns the part of a decision that concerns the banks of a caller. Who may search all banks gets it whole. For
 * others the action and the reasons are those of their own banks, and `explain` cannot repeat it.
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
  const { copies: _copies, video: _video, local: _local, ...shown } = query;
  return {
    ...rest,
    action: strongest(named),
    matches: named,
    reasons: named.map(({ rule }) => rule),
    ...(own && prequalification !== undefined && { prequalification }),
    query: shown,
  };
}

/** A decision about a part of an upload. `part` is absent for an image and for the first stream of a video. */
type ShownPart = Decision & { part?: string };

/** The answer about an upload: the decision of the part that asks for most, with those of its other parts. */
export type ShownUpload = ShownPart & { parts?: ShownPart[]; incomplete?: string[] };

/** @param show the part of a decision that concerns the banks of the caller. */
export function shownUpload({ parts, incomplete }: CheckedUpload, show: (decision: Decision) => Decision): ShownUpload {
  const all = parts.map(({ part, decision }): ShownPart => {
    const name = partName(part);
    return { ...show(decision), ...(name !== undefined && { part: name }) };
  });
  const [first, ...others] = strongestFirst(all);
  return {
    ...first!,
    ...(others.length > 0 && { parts: others }),
    ...(incomplete.length > 0 && { incomplete }),
  };
}

/**
 * A decision that a caller gives back, with the store's names of banks, and without what is about the upload.
 * @throws {ServiceError} 400
 */
export function storedDecision({ banks }: Service, given: ShownUpload): Decision {
  const { part: _part, parts: _parts, incomplete: _incomplete, ...decision } = given;
  if (!Array.isArray(decision.matches)) throw badRequest("decision.matches must be a list");
  const stored = new Map(banks.list().map(({ name, stored: bank }) => [name, bank]));
  const matches = decision.matches.map((match) => ({ ...match, bank: stored.get(match.bank) ?? match.bank }));
  return { ...decision, matches };
}
