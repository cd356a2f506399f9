/**
 * Local fingerprints: find any part of an image, wherever it went.
 * @module empreinte/local
 */
export { LocalRecord } from "../local/record.js";
export { registerLocal, type RegisterLocalOptions } from "../local/register-local.js";
