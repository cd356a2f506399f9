/** Which failures are worth a second try, and when. */
import { FetchError, type FetchErrorCode } from "empreinte-fetch";
import type { Environment } from "../environment.js";

/** How often, and how patiently, a request is tried again. */
export interface RetryOptions {
  /** How often a request is sent, 1 … 20. Default 5. */
  tries?: number;
  /** The first pause in milliseconds, which doubles each time. Default 500. */
  firstPause?: number;
  /** The longest pause in milliseconds, also where the exchange wants a longer one. Default 300,000. */
  longestPause?: number;
}

const retriedStatus = new Set([408, 425, 429, 500, 502, 503, 504]);
export const isRetriedStatus = (status: number): boolean => retriedStatus.has(status);

const retriedCodes = new Set<FetchErrorCode>([
  "ERR_EMPREINTE_FETCH_DNS",
  "ERR_EMPREINTE_FETCH_NETWORK",
  "ERR_EMPREINTE_FETCH_TIMEOUT",
  "ERR_EMPREINTE_FETCH_ENCODING",
]);
export const isRetriedError = (error: unknown): boolean => error instanceof FetchError && retriedCodes.has(error.code);

/** Reads `Retry-After`: seconds or a date. Returns milliseconds; undefined if it says nothing. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return 1000 * Number(value);
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}

/**
 * Returns the pause before the next try, in milliseconds: what the exchange says, or else chance up to a bound that
 * doubles. What the exchange says is lengthened by up to a tenth, so that its clients do not come back together.
 */
export function pauseBefore(
  failures: number,
  said: number | undefined,
  { firstPause = 500, longestPause = 300_000 }: RetryOptions,
  { random }: Pick<Environment, "random">,
): number {
  if (said !== undefined) return Math.min(longestPause, Math.round(said * (1 + random() / 10)));
  const bound = Math.min(longestPause, firstPause * 2 ** (failures - 1));
  return Math.round(bound * (0.5 + random() / 2));
}
