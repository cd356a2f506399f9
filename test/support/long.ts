// Two lengths of one test run: `npm test` checks every claim once, `npm run test:all` checks it at length.

/** Whether this is the long run: `npm run test:all`, or any run with `EMPREINTE_LONG=1` in the environment. */
export const long: boolean = process.env["EMPREINTE_LONG"] === "1";

/** How often, or on how much, a test works: `short` in `npm test`, `full` in `npm run test:all`. The code is the same. */
export function rounds(short: number, full: number): number {
  return long ? full : short;
}
