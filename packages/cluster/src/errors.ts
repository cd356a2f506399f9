/** The errors of this package. */

/** The stable code of an error. */
export type ClusterErrorCode =
  /** An option has the wrong type or is outside its range. */
  | "ERR_EMPREINTE_CLUSTER_ARGUMENT"
  /** NATS does not answer, or refuses. */
  | "ERR_EMPREINTE_CLUSTER_NATS"
  /** Another curator has the lease. */
  | "ERR_EMPREINTE_CLUSTER_NOT_CURATOR"
  /** The store lacks revisions that the cluster has: it was restored from an older copy. */
  | "ERR_EMPREINTE_CLUSTER_BEHIND"
  /** The store has other revisions than the cluster. */
  | "ERR_EMPREINTE_CLUSTER_HISTORY"
  /** No curator answers. */
  | "ERR_EMPREINTE_CLUSTER_NO_CURATOR"
  /** A message or a snapshot is not what it should be. */
  | "ERR_EMPREINTE_CLUSTER_MESSAGE"
  /** The queue has as many jobs as it may have. */
  | "ERR_EMPREINTE_CLUSTER_FULL"
  /** A worker cannot or may not open the handle of a job. */
  | "ERR_EMPREINTE_CLUSTER_HANDLE"
  /** A job was delivered as often as it may be, and no worker has finished it. */
  | "ERR_EMPREINTE_CLUSTER_DELIVERIES"
  /** There is no dead letter of that id. */
  | "ERR_EMPREINTE_CLUSTER_UNKNOWN_JOB"
  /** A shard of the archive does not answer. */
  | "ERR_EMPREINTE_CLUSTER_SHARD"
  /** The object was closed. */
  | "ERR_EMPREINTE_CLUSTER_CLOSED";

/** An error with a code, and a sentence without hashes. */
export class ClusterError extends Error {
  /** The code, which is stable across releases. */
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ClusterError";
    this.code = code;
  }
}

/** Returns the text of anything that was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Returns the code of an error that has one. */
export const codeOf = (error: unknown): string | number | undefined =>
  error instanceof Error && "code" in error && (typeof error.code === "string" || typeof error.code === "number")
    ? error.code
    : undefined;
