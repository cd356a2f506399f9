import type { Policy } from "../../../doors/bank.js";
import { defined } from "../../io/defined.js";
import { shownBeginning } from "../../io/names.js";
import type { OptionValues } from "../../table/command.js";
import { UsageError } from "../../table/parse.js";
import type { policyOptions } from "./options.js";

export type PolicyValues = OptionValues<typeof policyOptions>;

/** "a,b" to ["a", "b"]; "all" is the library's default. */
const several = (text: string): string[] | undefined =>
  text === "all" ? undefined : text.split(",").map((one) => one.trim());

/** "100/3600": more than 100 uploads within 3600 seconds. */
function floodOf(text: string): Policy["flood"] {
  if (text === "none") return undefined;
  const [uploads, seconds] = (/^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []).slice(1).map(Number);
  if (uploads === undefined || seconds === undefined) {
    throw new UsageError(`Expected UPLOADS/SECONDS or none for --flood but received "${shownBeginning(text, 20)}"`);
  }
  return { uploads, seconds };
}

/** The policy `before` with what the options change. The library checks the ranges. */
export function policyOf(values: PolicyValues, before: Partial<Policy> = {}): Partial<Policy> {
  const { radius, minQuality, action, cropAction, minSharedSeconds, minShare, matchRatio, seed, ...texts } = values;
  const { orientations, labels, flood, local } = texts;
  const simple = defined({ radius, minQuality, action, cropAction, minSharedSeconds, minShare, matchRatio, seed });
  // "all", "none" and "off" take a value back: the property must be absent afterwards.
  const others = {
    ...(orientations !== undefined && { orientations: several(orientations) as Policy["orientations"] | undefined }),
    ...(labels !== undefined && { labels: several(labels) }),
    ...(flood !== undefined && { flood: floodOf(flood) }),
    ...(local !== undefined && { local: local === "off" ? undefined : local }),
  };
  return defined({ ...before, ...simple, ...others }) as Partial<Policy>;
}

/** "action block, radius 31, …" */
export function policyText(policy: Policy): string {
  const { action, radius, minQuality, orientations, labels, cropAction, minSharedSeconds, minShare, ...rest } = policy;
  const { matchRatio, seed, flood, local } = rest;
  const words = [`action ${action}`, `radius ${radius}`, `quality from ${minQuality}`];
  if (orientations.length < 8) words.push(`orientations ${orientations.join(" ")}`);
  if (labels !== undefined) words.push(`labels ${labels.join(" ")}`);
  if (cropAction !== undefined) words.push(`for a crop at most ${cropAction}`);
  if (local !== undefined) words.push(`by local records at most ${local}`);
  if (minSharedSeconds !== undefined) words.push(`videos from ${minSharedSeconds} s in common`);
  if (minShare !== undefined) words.push(`videos from a share of ${minShare} in common`);
  if (matchRatio !== undefined) words.push(`share ${matchRatio}, seed ${seed ?? 0}`);
  if (flood !== undefined) words.push(`flood from ${flood.uploads} uploads in ${flood.seconds} s`);
  return words.join(", ");
}
