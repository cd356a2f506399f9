/** Who decides what no program should: an operator, with a name and a reason that are kept. */
import { invalid } from "../errors.js";

export interface OperatorAct {
  /** The name of the person who decided it. */
  by: string;
  /** The reason. It must not identify a person. */
  reason: string;
}

/** Refuses an act without a name or a reason. @throws {ExchangeError} */
export function checkOperator({ by, reason }: OperatorAct): void {
  for (const [name, text] of Object.entries({ by, reason })) {
    if (text === "" || text.length > 500) throw invalid(name, "text of 1 to 500 characters");
  }
}
