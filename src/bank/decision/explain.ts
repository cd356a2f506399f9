/** Repeating an earlier decision. */
import { integer } from "../../check.js";
import { wipedFlag } from "../storage/pages.js";
import { decide, type Decision } from "./decide.js";
import { findMatches } from "./find-matches.js";
import type { Snapshot } from "./snapshot.js";

/** What repeating a decision gave. */
export interface Explanation {
  /** Whether the repetition gave the same action, matches and reasons. */
  same: boolean;
  /** What the store as it was then decides. */
  decision: Decision;
  /** The numbers of entries that were removed since. Their hashes are gone, so that their recorded matches are used. */
  gone: number[];
}

/** Repeats a decision with a snapshot of its revision. @throws {InvalidArgumentError} */
export function explainDecision(snapshot: Snapshot, decision: Decision): Explanation {
  const { query, time, prequalification: recordedSuggestion } = decision;
  const recorded = decision.matches.filter((match) => {
    const signal = snapshot.signal(integer("signal", match.signal, 0, Number.MAX_SAFE_INTEGER));
    return signal !== undefined && (signal.flags & wipedFlag) !== 0 && signal.entry === match.entryNumber;
  });
  const gone = recorded.map(({ entryNumber }) => entryNumber);
  const repeated = decide(snapshot, [...findMatches(snapshot, query, time), ...recorded], query, time);
  // The qualifications of an erased entry are gone, too.
  const useRecorded = recordedSuggestion !== undefined && gone.includes(recordedSuggestion.entryNumber);
  const suggestion = useRecorded ? recordedSuggestion : repeated.prequalification;
  const { query: _query, prequalification: _suggestion, ...rest } = repeated;
  const answer = { ...rest, ...(suggestion && { prequalification: suggestion }), query };
  return { same: JSON.stringify(answer) === JSON.stringify(decision), decision: answer, gone };
}
