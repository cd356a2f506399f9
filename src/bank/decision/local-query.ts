/** How a search for copies reads the local records of a store. */
import type { LocalFinding, QueryLocal } from "../../copies/local-holder.js";
import type { DecisionContext } from "./context.js";

/**
 * Returns the function by which a search extracts local points, or undefined where there are no records, or no key. The
 * ids that it finds are numbers of signals: of each entry the first one that may match.
 */
export function localQueryOf(context: DecisionContext): QueryLocal | undefined {
  const { local } = context;
  if (local === undefined || !context.hasLocalRecords()) return undefined;
  return async (samples, signal) => {
    const points = await local.query(samples, signal);
    return {
      find: async (negative, abort) => {
        const { findings, ...rest } = await points.find(negative, abort);
        const known = context.read((snapshot) =>
          findings.flatMap((finding): LocalFinding[] => {
            const id = snapshot.firstSignal(finding.id);
            return id === undefined ? [] : [{ ...finding, id }];
          }),
        );
        return { ...rest, findings: known };
      },
      [Symbol.dispose]: () => points[Symbol.dispose](),
    };
  };
}
