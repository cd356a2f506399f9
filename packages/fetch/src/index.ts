/**
 * Fetches what strangers point at.
 * @module empreinte-fetch
 */
export { addressRule, isPublicAddress } from "./addresses.js";
export { FetchError, type FetchErrorCode } from "./errors.js";
export { Fetcher } from "./fetcher.js";
export { type FetcherOptions, type FetchOptions } from "./options.js";
export { type FetchResponse } from "./response.js";
