/**
 * Local fingerprints: find any part of an image, wherever it went.
 * @module empreinte/local
 */
export { LocalIndex, type LocalIndexOptions, type LocalSearchOptions } from "../local/local-index.js";
export type { LocalMatch, LocalSearchResult } from "../local/local-match.js";
export { LocalRecord } from "../local/record.js";
export { registerLocal, type RegisterLocalOptions } from "../local/register-local.js";
