/** Fetching all sources in turn, once or for as long as a service runs. */
import type { BankStore } from "empreinte/bank";
import type { ExchangeClient } from "../clients/client.js";
import { openClient } from "../clients/kinds.js";
import { systemEnvironment } from "../environment.js";
import { codeOf, sentence } from "../errors.js";
import { collectFeedback } from "../outbox/collect.js";
import { sendOutbox } from "../outbox/send.js";
import { collectRetractions } from "../outbox/submissions.js";
import { runSource, type RunOptions, type RunResult } from "./run-source.js";
import { type SourceSettings, sourcesOf } from "./sources.js";
import { conditionOf, readStatus, staleIntervals } from "./status.js";

export interface ScheduleOptions extends Pick<RunOptions, "stop" | "environment" | "retry" | "whole"> {
  /** Only these sources. Default: all. */
  only?: (source: SourceSettings) => boolean;
  /** Called after each run. */
  onRun?: (source: SourceSettings, outcome: RunOutcome) => void;
}

/** What became of a run: its result, or why it failed. */
export type RunOutcome = { result: RunResult } | { code: string; reason: string };

/** Fetches one source by its settings, and says in the store how it is. It never rejects. */
async function runOne(store: BankStore, source: SourceSettings, options: ScheduleOptions): Promise<RunOutcome> {
  const { environment = systemEnvironment, stop, retry, whole } = options;
  try {
    const client = await openClient(source, environment);
    try {
      const more = {
        ...(stop && { stop }),
        ...(retry && { retry }),
        ...(whole !== undefined && { whole }),
      };
      const from = { bank: source.bank, source: source.source };
      const fetched = await runSource(store, from, client, { environment, ...more }).catch((error: unknown) => {
        // Whoever fetches the source sends, too.
        if (codeOf(error) === "ERR_EMPREINTE_EXCHANGE_LOCKED") throw error;
        return { error };
      });
      // What was withdrawn is taken back, also while the source cannot be fetched.
      await sendDue(store, source, client, options);
      if ("error" in fetched) throw fetched.error;
      return { result: fetched };
    } finally {
      await client.close();
    }
  } catch (error) {
    return {
      code: codeOf(error) || "ERR_EMPREINTE_EXCHANGE_UNAVAILABLE",
      reason: sentence(error),
    };
  } finally {
    report(store, source, environment.now());
  }
}

/** Sends what analysts said, where that goes back, and takes back what was submitted and is withdrawn since. */
async function sendDue(
  store: BankStore,
  source: SourceSettings,
  client: ExchangeClient,
  { environment = systemEnvironment, stop }: ScheduleOptions,
): Promise<void> {
  const from = { bank: source.bank, source: source.source };
  if (source.feedback) collectFeedback(store, from, environment);
  collectRetractions(store, from, environment);
  const only = [...(source.feedback ? ["feedback" as const] : []), "retract" as const];
  await sendOutbox(store, from, client, { environment, only, ...(stop && { stop }) });
}

/**
 * Keeps in the store how old a source is, for whoever serves the store. A report that cannot be kept is not worth a
 * run: the next one comes soon, and without it the source is stale by its age.
 */
function report(store: BankStore, source: SourceSettings, now: number): void {
  const status = readStatus(store, source);
  const { completeAt, failure } = status;
  const stopped = failure !== undefined && conditionOf(status, source.intervalSeconds, now) === "stale";
  try {
    store.reportSource(source, {
      ...(completeAt !== undefined && { currentAt: completeAt }),
      staleAfterSeconds: staleIntervals * source.intervalSeconds,
      ...(stopped && { stopped: failure.reason }),
    });
  } catch (error) {
    if (codeOf(error) !== "ERR_EMPREINTE_BUSY") throw error;
  }
}

/** Fetches each source once, one after the other. Returns how many failed. */
export async function runAll(store: BankStore, options: ScheduleOptions = {}): Promise<number> {
  let failed = 0;
  for (const source of sourcesOf(store).filter(options.only ?? (() => true))) {
    if (options.stop?.aborted) break;
    const outcome = await runOne(store, source, options);
    if ("code" in outcome) failed++;
    options.onRun?.(source, outcome);
  }
  return failed;
}

/** How often the schedule looks for sources that are due, in milliseconds. */
const turn = 5000;

/**
 * Fetches each source at its interval until `stop`. A run that has begun ends after its page. Settings are read anew
 * each turn, so that sources can be added meanwhile. The interval varies by a tenth, so that sources do not come
 * together.
 */
export async function runSchedule(store: BankStore, options: ScheduleOptions & { stop: AbortSignal }): Promise<void> {
  const { environment = systemEnvironment, stop } = options;
  const jitter = (intervalSeconds: number): number => 1000 * intervalSeconds * (0.9 + environment.random() / 5);
  const due = new Map<string, number>();
  while (!stop.aborted) {
    for (const source of sourcesOf(store).filter(options.only ?? (() => true))) {
      const key = `${source.bank}/${source.source}`;
      const { endedAt } = readStatus(store, source);
      const next = due.get(key) ?? (endedAt ?? 0) + jitter(source.intervalSeconds);
      due.set(key, next);
      if (next > environment.now()) continue;
      options.onRun?.(source, await runOne(store, source, options));
      due.set(key, environment.now() + jitter(source.intervalSeconds));
      if (stop.aborted) return;
    }
    await environment.sleep(turn, stop).catch(() => undefined);
  }
}
