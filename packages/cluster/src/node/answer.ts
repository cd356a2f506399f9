/** What a node answers, or why it does not. */
import { ClusterError } from "../errors.js";

/** Why a node does not answer. */
export type IncompleteReason =
  /** The node has not heard from the curator within its lease, or has not started yet. */
  | "lease"
  /** The node does not have the revision that the caller needs. */
  | "behind"
  /** The node's history is not the curator's. */
  | "history"
  /** The node is closed. */
  | "closed";

/** What a node answers: a value at a revision, or why there is none. */
export type Answer<T> =
  | { revision: number; value: T; incomplete?: undefined }
  | { revision: number; incomplete: IncompleteReason; value?: undefined };

export interface AnswerOptions {
  /** The node answers at this revision or a later one, or not at all. */
  atLeast?: number;
  /** How long the node may wait for that revision, 0 … 600 seconds. Default 0. */
  waitSeconds?: number;
}

/** Checks the options of an answer. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` */
export function checkAnswerOptions({ atLeast = 0, waitSeconds = 0 }: AnswerOptions = {}): Required<AnswerOptions> {
  if (!Number.isSafeInteger(atLeast) || atLeast < 0) {
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", "Expected an integer of 0 or more for atLeast");
  }
  if (typeof waitSeconds !== "number" || !(waitSeconds >= 0 && waitSeconds <= 600)) {
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", "Expected 0 to 600 seconds for waitSeconds");
  }
  return { atLeast, waitSeconds };
}
