/** What both interfaces share: one store, its matcher, the service's state, and the limits of one process. */
import { availableParallelism } from "node:os";
import { existsSync, mkdirSync } from "node:fs";
import { version } from "empreinte";
import { BankStore, Matcher } from "empreinte/bank";
import { Fetcher } from "empreinte-fetch";
import type { Config } from "../config/options.js";
import { DeniedCalls } from "../keys/denied.js";
import { Keys } from "../keys/keys.js";
import { HashRates } from "../keys/rates.js";
import { Metrics } from "../operation/metrics.js";
import { Outbox } from "../operation/outbox.js";
import { Sources } from "../operation/sources.js";
import { People } from "../people/people.js";
import { Review } from "../review/review.js";
import { currentActor } from "./actor.js";
import { BankNames } from "./bank-names.js";
import { Counts } from "./counts.js";
import { DayCounts } from "./day-counts.js";
import { Gate, UploadMemory } from "./gate.js";
import { statePath, storePath } from "./paths.js";
import { readLocalKey } from "./secrets.js";
import { State } from "./state.js";

export interface ServiceOptions {
  /** Milliseconds since 1970. Tests set it. Default: the system's clock. */
  now?: () => number;
  /** Fetches media and sends webhooks. Tests give one that may reach their own servers. */
  fetcher?: Fetcher;
  /** 2 to the power of it is the cost of a password. Tests set it. */
  passwordCost?: number;
}

/** Makes the data folder with an empty store, where there is none. Returns whether it did. */
export async function prepareData(data: string): Promise<boolean> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const fresh = !existsSync(storePath(data));
  if (fresh) await (await BankStore.create(storePath(data), { actor: currentActor })).close();
  State.open(statePath(data)).close();
  return fresh;
}

function fetcherOf({ fetchAllow }: Config): Fetcher {
  const allow = fetchAllow.split(",").flatMap((network) => (network.trim() === "" ? [] : [network.trim()]));
  return new Fetcher({ userAgent: `empreinte-server/${version}`, allow });
}

/** One running service. */
export class Service {
  readonly config: Config;
  readonly now: () => number;
  readonly store: BankStore;
  readonly matcher: Matcher;
  readonly state: State;
  readonly banks: BankNames;
  readonly keys: Keys;
  readonly denied: DeniedCalls;
  readonly rates: HashRates;
  readonly metrics: Metrics = new Metrics();
  readonly images: Gate;
  readonly videos: Gate;
  readonly imports: Gate;
  readonly memory: UploadMemory;
  readonly sources: Sources;
  readonly counts: Counts;
  readonly outbox: Outbox;
  readonly fetcher: Fetcher;
  readonly days: DayCounts;
  readonly people: People;
  /** Undefined where this service has no review page. */
  readonly review: Review | undefined;
  /** Set once the service takes no new calls. */
  draining = false;
  #saving: NodeJS.Timeout | undefined;
  #watching: NodeJS.Timeout | undefined;
  /** The revision of the index file. Where there was none at the start, the first `save` makes it. */
  #saved = -1;
  #onError: ((error: unknown) => void) | undefined;
  /** The reason of the store's last failure. */
  #retried: string | undefined;

  private constructor(config: Config, store: BankStore, state: State, options: ServiceOptions) {
    this.config = config;
    this.now = options.now ?? Date.now;
    this.store = store;
    this.state = state;
    this.matcher = new Matcher(store, { audit: config.auditDecisions });
    this.banks = new BankNames(store, state);
    this.keys = new Keys(state, this.now);
    this.denied = new DeniedCalls(state, this.now);
    this.rates = new HashRates(config.workers, this.now);
    this.images = new Gate(
      "images",
      config.decodes === 0 ? availableParallelism() : config.decodes,
      config.decodeQueue,
    );
    this.videos = new Gate("videos", config.videoDecodes, config.videoQueue);
    // The store has one writer at a time, so that imports only hold each other up.
    this.imports = new Gate("imports", 2, 8);
    this.memory = new UploadMemory(() => config.maxUploadMemory);
    this.fetcher = options.fetcher ?? fetcherOf(config);
    this.sources = new Sources(store, state, this.now);
    this.counts = new Counts(store);
    this.outbox = new Outbox(state, this.fetcher, this.metrics, this.now);
    this.days = new DayCounts(state, this.now);
    const record: Keys["record"] = (...given) => this.keys.record(...given);
    this.people = new People(state, this.now, record, options.passwordCost);
    this.review = config.review ? this.#makeReview(record) : undefined;
    this.metrics.build.set(1, { version: version });
  }

  #makeReview(record: Keys["record"]): Review {
    const { config, state, matcher, outbox, metrics, people, fetcher, now, banks } = this;
    const name = (bank: string): string | undefined => banks.namer()(bank);
    return new Review({ config, state, matcher, outbox, metrics, people, fetcher, now, record, name });
  }

  /** Opens the store and the state of a data folder. */
  static async open(config: Config, options: ServiceOptions = {}): Promise<Service> {
    await prepareData(config.data);
    // A call waits on the only thread for another process that writes, so that it must not wait long.
    const { data, localKeyFile } = config;
    const localKey = localKeyFile === "" ? undefined : readLocalKey(localKeyFile);
    let service: Service | undefined;
    const store = await BankStore.open(storePath(data), {
      actor: currentActor,
      timeoutSeconds: 2,
      onRetry: (retry) => service?.noteRetry(retry),
      ...(localKey !== undefined && { localKey }),
    });
    localKey?.fill(0);
    try {
      return (service = new Service(config, store, State.open(statePath(config.data)), options));
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Counts a failure of the store's work in the background, and logs each reason once in a row. */
  noteRetry({ step, error }: { step: string; error: Error }): void {
    this.metrics.storeRetries.add({ step });
    if (error.message === this.#retried) return;
    this.#retried = error.message;
    this.#onError?.(error);
  }

  /** Starts what runs by itself: saving the index, and sending webhooks. */
  start(onError: (error: unknown) => void): void {
    this.#onError = onError;
    const save = async (): Promise<void> => {
      const { revision } = this.store;
      if (revision === this.#saved) return;
      await this.store.saveIndex();
      this.#saved = revision;
    };
    this.#saving = setInterval(() => void save().catch(onError), 60_000).unref();
    if (this.config.webhooks) {
      this.outbox.start(onError);
      const watch = (): void => {
        try {
          this.reportStale();
        } catch (error) {
          onError(error);
        }
      };
      this.#watching = setInterval(watch, 60_000).unref();
    }
    this.review?.start(onError);
  }

  /** Tells the receivers of webhooks which sources became stale. */
  reportStale(): void {
    const name = this.banks.namer();
    for (const { bank, source, ageSeconds } of this.sources.newlyStale(this.config.staleHours)) {
      const shown = name(bank);
      if (shown !== undefined)
        this.outbox.add("source.stale", { bank: shown, source, ageSeconds: Math.round(ageSeconds) });
    }
  }

  /** Fills the gauges that are only known when somebody asks. */
  async measure(): Promise<void> {
    const { metrics } = this;
    metrics.storeRevision.set(this.store.revision);
    metrics.signals.set(this.store.size);
    metrics.indexRevision.set(this.store.revision);
    metrics.queue.set(this.images.load.waiting, { queue: "images" });
    metrics.queue.set(this.videos.load.waiting, { queue: "videos" });
    metrics.queue.set(this.imports.load.waiting, { queue: "imports" });
    metrics.uploadMemory.set(this.memory.used);
    metrics.memory.set(process.memoryUsage.rss());
    for (const [state, cards] of Object.entries(this.review?.cards.counts() ?? {}))
      metrics.reviewCards.set(cards, { state });
    metrics.sourceAge.clear();
    metrics.sourceStale.clear();
    const name = this.banks.namer();
    metrics.entries.clear();
    for (const [bank, entries] of (await this.counts.read()).banks) {
      const shown = name(bank);
      if (shown !== undefined) metrics.entries.set(entries, { bank: shown });
    }
    for (const { bank, source, ageSeconds } of this.sources.list()) {
      const shown = name(bank);
      if (shown !== undefined) metrics.sourceAge.set(ageSeconds, { source: `${shown}/${source}` });
    }
    for (const { bank, source, stale } of this.sources.reported()) {
      const shown = name(bank);
      if (shown !== undefined) metrics.sourceStale.set(stale ? 1 : 0, { source: `${shown}/${source}` });
    }
  }

  /** Closes everything. Calls in progress must have ended. */
  async close(): Promise<void> {
    clearInterval(this.#saving);
    clearInterval(this.#watching);
    this.review?.close();
    this.days.flush();
    await this.outbox.stop();
    await this.counts.close();
    this.denied.flush();
    await this.store.close();
    this.state.close();
    await this.fetcher.close();
  }
}
