/** What HMA's clients have configured of exchanges, and what has come from them. */
import { Secrets } from "../core/secrets.js";
import type { Service } from "../core/service.js";
import { type Fields, message } from "./params.js";

export interface Exchange {
  name: string;
  api: string;
  enabled: boolean;
  config: Fields;
}

/** The exchanges that HMA's clients have configured. */
export class Exchanges {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  list(): Exchange[] {
    const sql = "SELECT name, api, enabled, config FROM hma_exchange ORDER BY created, name";
    return this.#service.state.all<[string, string, number, string]>(sql).map(([name, api, enabled, config]) => {
      return { name, api, enabled: enabled === 1, config: JSON.parse(config) as Fields };
    });
  }

  get(name: string): Exchange {
    const found = this.list().find((exchange) => exchange.name === name);
    if (found === undefined) throw message(404, `Exchange '${name}' not found`);
    return found;
  }

  create({ name, api, enabled, config }: Exchange): void {
    const sql = "INSERT INTO hma_exchange (name, api, enabled, config, created) VALUES (?, ?, ?, ?, ?)";
    this.#service.state.run(sql, name, api, enabled ? 1 : 0, JSON.stringify(config), this.#service.now());
  }

  setEnabled(name: string, enabled: boolean): void {
    this.#service.state.run("UPDATE hma_exchange SET enabled = ? WHERE name = ?", enabled ? 1 : 0, name);
  }

  remove(name: string): void {
    this.#service.state.run("DELETE FROM hma_exchange WHERE name = ?", name);
  }

  hasCredentials(api: string): boolean {
    return this.#service.state.get("SELECT 1 FROM hma_credentials WHERE api = ?", api) !== undefined;
  }

  setCredentials(api: string, credentials: Fields | undefined): void {
    const { state, config } = this.#service;
    if (credentials === undefined) {
      state.run("DELETE FROM hma_credentials WHERE api = ?", api);
      return;
    }
    const sealed = new Secrets(config.data).seal(api, JSON.stringify(credentials));
    const sql = "INSERT INTO hma_credentials VALUES (?, ?) ON CONFLICT (api) DO UPDATE SET sealed = excluded.sealed";
    state.run(sql, api, sealed);
  }

  /** Returns what has come from an exchange, by what the store has of its source. */
  status({ name, api }: Exchange): Record<string, number | boolean | null> {
    const { banks, sources, store, config } = this.#service;
    const stored = banks.find(name)?.stored;
    const found =
      stored === undefined ? undefined : sources.list().find(({ bank, source }) => bank === stored && source === api);
    if (found === undefined) {
      return {
        checkpoint_ts: null,
        fetched_items: null,
        last_fetch_complete_ts: null,
        last_fetch_succeeded: null,
        running_fetch_start_ts: null,
        up_to_date: null,
      };
    }
    const info = store.sources().find(({ bank, source }) => bank === stored && source === api);
    const time = Math.floor(found.imported / 1000);
    return {
      checkpoint_ts: time,
      fetched_items: (info?.active ?? 0) + (info?.quarantined ?? 0),
      last_fetch_complete_ts: time,
      last_fetch_succeeded: true,
      running_fetch_start_ts: null,
      up_to_date: !found.stale && (config.staleHours === 0 || found.ageSeconds <= config.staleHours * 3600),
    };
  }
}
