/** The names of subjects, streams and buckets. */
import { ClusterError } from "../errors.js";

/** Checks the name of a store or a node: 1 to 64 of a–z, 0–9, "-" and "_". @throws {ClusterError} */
export function checkId(what: string, value: unknown): string {
  if (typeof value === "string" && /^[a-z0-9_-]{1,64}$/.test(value)) return value;
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", `Expected 1 to 64 of a-z, 0-9, - and _ for ${what}`);
}

/** The names that belong to one store. */
export interface Names {
  store: string;
  /** The stream of announcements, and its only subject. */
  changes: string;
  announcement: string;
  /** The key-value bucket with the curator's lease and the states of nodes. */
  state: string;
  /** The object store with the snapshot. */
  snapshots: string;
  /** Subjects of requests to the curator. */
  fetch: string;
  chunk: string;
  renew: string;
  snapshot: string;
  leave: string;
  forget: string;
  /** The subject of confirmations. */
  done: string;
  /** The stream of jobs, and what begins its subjects, one for each priority. */
  jobs: string;
  job: string;
  /** The stream of results, and what begins its subjects, one for each job. */
  results: string;
  result: string;
  /** The stream of dead letters, and what begins its subjects. */
  dead: string;
  letter: string;
  /** Subjects without content that wake who waits for jobs or for results. */
  jobHint: string;
  resultHint: string;
}

/** Returns the names of a store. */
export function namesOf(given: string): Names {
  const store = checkId("store", given);
  return {
    store,
    changes: `EMP_CHANGES_${store}`,
    announcement: `emp.chg.${store}`,
    state: `EMP_STATE_${store}`,
    snapshots: `EMP_SNAP_${store}`,
    fetch: `emp.fetch.${store}`,
    chunk: `emp.chunk.${store}`,
    renew: `emp.renew.${store}`,
    snapshot: `emp.snap.${store}`,
    leave: `emp.leave.${store}`,
    forget: `emp.forget.${store}`,
    done: `emp.done.${store}`,
    jobs: `EMP_JOBS_${store}`,
    job: `emp.job.${store}`,
    results: `EMP_RESULTS_${store}`,
    result: `emp.result.${store}`,
    dead: `EMP_DEAD_${store}`,
    letter: `emp.dead.${store}`,
    jobHint: `emp.hint.${store}.job`,
    resultHint: `emp.hint.${store}.result`,
  };
}
