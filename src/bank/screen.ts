import { integer } from "../check.js";
import { degenerateReason } from "../hash/value.js";
import type { Screen } from "./counts.js";
import { nearTypes } from "./signals.js";

/**
 * What holds an entry back at import: a hash that would match unrelated pictures (all zero, constant, periodic,
 * unbalanced), or one of a quality below `minQuality` where the source gives it.
 */
export function screening(minQuality: number): Screen {
  const least = integer("minQuality", minQuality, 0, 100);
  return (signals) => {
    for (const { type, value, quality } of signals) {
      if (!nearTypes.includes(type)) continue;
      const reason = degenerateReason(value);
      if (reason !== undefined) return reason;
      if (quality !== undefined && quality < least) return `quality ${quality} is below ${least}`;
    }
    return undefined;
  };
}
