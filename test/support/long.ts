// Two lengths of one test run: `npm test` checks every claim once, `npm run test:all` checks it at length.

/** Whether this is the long run: `npm run test:all`, or any run with `EMPREINTE_LONG=1` in the environment. */
export const long: boolean = process.env["EMPREINTE_LONG"] === "1";

/** Skips a test in the short run. */
export function needsLongRun(ctx: { skip(note: string): unknown }): void {
  if (!long) ctx.skip("skipped: needs the long run, npm run test:all");
}

/** `EMPREINTE_ROUNDS=3` makes every test that counts its rounds work three times as much, in either run. Default 1. */
const factor = Number(process.env["EMPREINTE_ROUNDS"] ?? 1);
if (!(factor > 0)) throw new Error("EMPREINTE_ROUNDS is a number above 0");

/**
 * How often, or on how much, a test works: `short` in `npm test`, `full` in `npm run test:all`. The code is the same.
 */
export function rounds(short: number, full: number): number {
  return Math.max(1, Math.round(factor * (long ? full : short)));
}

/** Loads a module that only the long run uses. In the short run its tests are skipped, and nothing of it is loaded. */
export async function inLongRun<T extends object>(load: () => Promise<T>): Promise<T> {
  return long ? load() : ({} as T);
}
