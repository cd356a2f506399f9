/**
 * Local fingerprints: find any part of an image, wherever it went.
 * @module empreinte/local
 */
export { LocalIndex } from "../local/local-index.js";
export type { LocalMatch } from "../local/local-match.js";
export { LocalRecord } from "../local/record.js";
export { registerLocal } from "../local/register-local.js";
