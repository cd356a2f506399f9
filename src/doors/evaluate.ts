/**
 * Measure recall and false matches.
 * @module empreinte/evaluate
 */
export { evaluate } from "../evaluate/run/evaluate.js";
export { type EvaluateOptions } from "../evaluate/run/options.js";
export {
  type EvaluationMatch,
  type EvaluationMethod,
  type EvaluationQuery,
  type ListedImage,
} from "../evaluate/methods/method.js";
export { fastMethod, plainMethod } from "../evaluate/methods/hashes.js";
export { copiesMethod, registeredMethod } from "../evaluate/methods/copies.js";
export { localMethod } from "../evaluate/methods/local.js";
export { distancesMethod } from "../evaluate/methods/distances.js";
export { writeEvaluation } from "../evaluate/report/write.js";
export { type EvaluationReport } from "../evaluate/report/types.js";
export { writeAttackedImages } from "../evaluate/run/write-images.js";
export { attackImage, attacks } from "../evaluate/attacks/suite.js";
export { videoEdits } from "../evaluate/video/edits.js";
