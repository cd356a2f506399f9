/** The crossovers of the index, which `EMPREINTE_CROSSOVERS` replaces by those of the machine. */
import { invalidArgument } from "../check.js";
import { native } from "./load.js";

/**
 * From how many rows on the tables of an index are faster than a scan, for queries up to a radius. Infinity is never.
 */
export interface Crossover {
  /** 0 … 256 differing bits. */
  radius: number;
  /** Rows, for one query. */
  single: number;
  /** Rows, for each query of a batch of 8 or more. */
  batch: number;
}

const variable = "EMPREINTE_CROSSOVERS";
const most = 16;
const never = 2 ** 32 - 1;
const expected = `up to ${most} crossovers RADIUS:ROWS/ROWS, with commas between them and ascending radii`;

/** Reads crossovers. @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` */
export function parseCrossovers(text: string): Crossover[] {
  const rows = (digits: string): number => (digits === "never" ? Infinity : Number(digits));
  const crossovers = text.split(",").map((one): Crossover => {
    const match = /^(\d{1,3}):(\d{1,9}|never)\/(\d{1,9}|never)$/.exec(one);
    if (match === null) throw invalidArgument(variable, expected, text);
    return { radius: Number(match[1]), single: rows(match[2]!), batch: rows(match[3]!) };
  });
  const ascending = crossovers.every(
    ({ radius }, i) => radius <= 256 && (i === 0 || radius > crossovers[i - 1]!.radius),
  );
  if (!ascending || crossovers.length > most) throw invalidArgument(variable, expected, text);
  return crossovers;
}

/** Replaces the crossovers of this process; none restores the built-in ones. */
export function setCrossovers(crossovers: readonly Crossover[]): void {
  const rows = (count: number): number => (count === Infinity ? never : count);
  const numbers = crossovers.flatMap(({ radius, single, batch }) => [radius, rows(single), rows(batch)]);
  native.setCrossovers(new Uint8Array(Uint32Array.from(numbers).buffer));
}

let read = false;

/**
 * Sets the crossovers that the environment has, once. @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`
 */
export function readCrossovers(): void {
  if (read) return;
  const text = process.env[variable];
  if (text !== undefined && text !== "") setCrossovers(parseCrossovers(text));
  read = true;
}
