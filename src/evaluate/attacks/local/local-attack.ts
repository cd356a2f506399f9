import type { SuiteAttack } from "../attack.js";

/** An attack of the family "local". */
export type LocalAttack = Omit<SuiteAttack, "family">;
