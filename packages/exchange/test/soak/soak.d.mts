export interface SoakOptions {
  /** How many records the four exchanges have together. */
  records: number;
  /** How often the fetching process is killed. */
  kills: number;
  seed?: number;
  /** Called about once a simulated month with what happened so far. */
  onMonth?: (line: string) => void;
}

/** What happened. `errors` is empty if all went well. */
export interface SoakResult {
  /** What is wrong in the store, or was found after its page, with the source and the record. At most 100. */
  errors: string[];
  /** Records that the store has active at the end, and that the exchanges have. */
  active: number;
  /** Runs of the fetching process, and how many of them were killed. */
  runs: number;
  kills: number;
  requests: number;
  /** Faulty answers, by their kind. */
  faults: Record<string, number>;
  /** Versions of records that went into a transaction, and changes that the exchanges made. */
  taken: number;
  /** Of those, the ones of the second with which a fetch begins, and that an exchange therefore gives again. */
  newestSecond: number;
  changes: number;
  /** Searches for what had ended, in another process than the one that fetched. */
  searches: number;
  /**
   * How many versions of records were taken so often, by the number of times; and how many were on a whole page so
   * often. `refetched`: the most often that one was taken, without those of the newest second, and with an expired
   * token and a stale source as a new beginning.
   */
  takenTimes: number[];
  sentTimes: number[];
  refetched: number;
  /** Notes of the runs, by kind, such as "expired" and "stale". */
  notes: Record<string, number>;
  /** Runs of a source that failed, by their code. */
  failures: Record<string, number>;
}

export function soak(options: SoakOptions): Promise<SoakResult>;
