/** What is fetched: the store, the kind of source, its address, and the time in seconds since 1970. */
export interface Fetch {
  path: string;
  kind: string;
  base: string;
  now: number;
  secret: string;
  /** `POINT:PAGE`, where the process kills itself. */
  kill?: string;
}

export function fetchOnce(fetch: Fetch): Promise<boolean>;
