/**
 * Measure recall and false matches.
 * @module empreinte/evaluate
 */
export { evaluate } from "../evaluate/run/evaluate.js";
export { type EvaluateOptions } from "../evaluate/options.js";
export {
  type EvaluationMethod,
  fastMethod,
  type FoundEntries,
  type FoundEntry,
  type ListedImage,
  plainMethod,
  type QueryImage,
} from "../evaluate/methods/methods.js";
export { copiesMethod, registeredMethod } from "../evaluate/methods/copies.js";
export { distancesMethod } from "../evaluate/methods/distances.js";
export { writeAttackedImages, type WriteImagesOptions } from "../evaluate/write-images.js";
export { writeEvaluation } from "../evaluate/report/write.js";
export {
  type AttackFigures,
  type EvaluationReport,
  type Example,
  type FalseMatches,
  type FalsePairs,
  type MethodReport,
  type Recall,
  type VideoFigures,
  type VideoReport,
} from "../evaluate/report/types.js";
export { type VideoEdit, videoEdits } from "../evaluate/video/edits.js";
export { attackImage, attacks } from "../evaluate/attacks/suite.js";
export { type Attack, type AttackFamily } from "../evaluate/attacks/attack.js";
