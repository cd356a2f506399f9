import type { EvaluationReport } from "../../../doors/evaluate.js";
import { shownBeginning } from "../../io/names.js";
import { UsageError } from "../../table/parse.js";

/** The recall that an attack, a family or the mean must reach. */
export interface Gate {
  name: string;
  least: number;
}

/** Parses a gate such as "mean=0.8". */
export function gateOf(text: string): Gate {
  const at = text.lastIndexOf("=");
  if (at < 1) throw new UsageError(`Expected NAME=SHARE for --min-recall but received "${shownBeginning(text, 40)}"`);
  const share = text.slice(at + 1);
  const least = /^\d+(\.\d+)?$/.test(share) ? Number(share) : NaN;
  if (least >= 0 && least <= 1) return { name: text.slice(0, at), least };
  throw new UsageError(`Expected number between 0 and 1 for --min-recall but received "${shownBeginning(share, 40)}"`);
}

/** The last level's recall of an attack, a family or the mean, or that of videos; undefined for an unknown name. */
function recallNamed({ methods, videos }: EvaluationReport, name: string): number | undefined {
  const { recall, attacks, families } = methods.at(-1)!;
  if (name === "mean") return recall.match;
  if (name === "video") return videos?.match;
  const named = [...attacks, ...(videos?.edits ?? [])].find((one) => one.name === name);
  return (named ?? families.find(({ family }) => family === name))?.match;
}

/** Returns a sentence for each gate that does not hold. */
export function failures(report: EvaluationReport, gates: readonly Gate[], maxFalse: number | undefined): string[] {
  const { name: level, falseMatches } = report.methods.at(-1)!;
  const found = gates.flatMap(({ name, least }) => {
    const recall = recallNamed(report, name);
    if (recall === undefined) return [`${name}: no such attack or family was evaluated`];
    return recall < least ? [`${level}: recall of ${name} is ${recall.toFixed(4)}, less than ${least}`] : [];
  });
  if (maxFalse !== undefined && falseMatches.matches > maxFalse) {
    found.push(`${level}: ${falseMatches.matches} false matches, more than ${maxFalse}`);
  }
  return found;
}
