import { setTimeout as wait } from "node:timers/promises";

/** What a run takes from its surroundings. Tests set it. */
export interface Environment {
  /** Returns the time in milliseconds since 1970. */
  now(): number;
  /** 0 … 1, for jitter. */
  random(): number;
  /** Waits. It rejects when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** The environment's variables, in which secrets may be. */
  variables: Readonly<Record<string, string | undefined>>;
}

/** The clock, chance and environment of this process. */
export const systemEnvironment: Environment = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: async (milliseconds, signal) => {
    await wait(milliseconds, undefined, signal === undefined ? {} : { signal });
  },
  variables: process.env,
};
