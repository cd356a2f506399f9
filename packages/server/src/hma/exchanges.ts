/** /c/exchanges and /c/exchange: where the entries of banks are meant to come from. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Secrets } from "../core/secrets.js";
import type { Service } from "../core/service.js";
import { requireScope } from "../http/authenticate.js";
import { hmaPolicy } from "./banks.js";
import { exchangeApis, misfit } from "./exchange-apis.js";
import { type Fields, lax, message, objectBody } from "./params.js";

interface NamePath {
  Params: { name: string };
}

interface Exchange {
  name: string;
  api: string;
  enabled: boolean;
  config: Fields;
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The exchanges that HMA's clients have configured. */
class Exchanges {
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

  /** What has come from an exchange, by what the store has of its source. */
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

export function exchangeRoutes(app: FastifyInstance, service: Service): void {
  const exchanges = new Exchanges(service);
  const read = { config: { scope: "match" } } as const;
  const change = { config: { scope: "add" } } as const;
  const api = (name: string): ReturnType<typeof exchangeApis.get> & object => {
    const found = exchangeApis.get(name);
    if (found === undefined) throw message(400, `no such Exchange API '${name}'`);
    return found;
  };
  const authentication = (name: string): Record<string, boolean> => {
    const supported = api(name).credentials !== null;
    return { supports_authentification: supported, has_set_authentification: exchanges.hasCredentials(name) };
  };
  const shown = ({ name, api: apiName, enabled, config }: Exchange): Fields => ({
    name,
    api: apiName,
    enabled,
    ...config,
  });
  const allow = (request: FastifyRequest, scope: "match" | "add" | "withdraw", bank: string): void =>
    requireScope(service, request, request.principal.scopes.allows(scope, bank), `${scope}:${bank}`);

  app.get("/c/exchanges/apis", read, async () => [...exchangeApis.keys()]);
  app.get<NamePath>("/c/exchanges/api/:name", read, async ({ params }) => authentication(params.name));

  app.post<NamePath>("/c/exchanges/api/:name", { config: { scope: "admin" } }, async ({ params, body }) => {
    const { credentials } = api(params.name);
    const given = objectBody(body)["credential_json"];
    if (given !== undefined && given !== null) {
      if (!isObject(given)) throw message(400, "credential_json should be a json object");
      const empty = Object.keys(given).length === 0;
      if (!empty && credentials === null) throw message(400, `The exchange API '${params.name}' has no credentials`);
      const problem = empty ? undefined : misfit(credentials ?? [], given);
      if (problem !== undefined) throw message(400, `Failed to parse credential_json - ${problem}`);
      exchanges.setCredentials(params.name, empty ? undefined : given);
    }
    return authentication(params.name);
  });

  app.get<NamePath>("/c/exchanges/api/:name/schema", read, async ({ params }) => {
    const found = exchangeApis.get(params.name);
    if (found === undefined) throw message(404, `Exchange API '${params.name}' not found`);
    const { config, credentials } = found;
    return {
      config_schema: { fields: config },
      credentials_schema: credentials === null ? null : { fields: credentials },
    };
  });

  app.get("/c/exchanges", read, async ({ principal }) =>
    exchanges
      .list()
      .map(({ name }) => name)
      .filter((name) => principal.scopes.allows("match", name)),
  );

  app.post("/c/exchanges", change, async (request, reply) => {
    const body = objectBody(request.body);
    const { bank, api: apiName, api_json: given = {}, credential_json: credentials } = body;
    if (bank === undefined || bank === null) throw message(400, "bank is required");
    if (typeof bank !== "string" || !/^[A-Z0-9_]{1,255}$/.test(bank)) {
      throw message(400, "Field `bank` must match /^[A-Z0-9_]+$/");
    }
    if (!isObject(given)) throw message(400, "Field `api_json` must be object");
    if (apiName === undefined || apiName === null) throw message(400, "Field `api_type` is required");
    const known = exchangeApis.get(String(apiName));
    if (known === undefined) throw message(400, `No such exchange type '${String(apiName)}'`);
    allow(request, "add", bank);
    const { enabled: _enabled, name: _name, api: _api, ...config } = given;
    const problem = misfit(known.config, given);
    if (problem !== undefined) throw message(400, `Failed to parse \`api_json\` - ${problem}`);
    if (isObject(credentials) && Object.keys(credentials).length > 0) {
      const { scopes } = request.principal;
      requireScope(service, request, scopes.has("admin"), "admin");
      const wrong = misfit(known.credentials ?? [], credentials);
      if (wrong !== undefined) throw message(400, `Failed to parse credential_json - ${wrong}`);
    }
    if (exchanges.list().some(({ name }) => name === bank)) throw message(403, "Exchange already exists");
    if (service.banks.find(bank) === undefined) service.banks.create({ name: bank, policy: { ...hmaPolicy } });
    exchanges.create({ name: bank, api: String(apiName), enabled: lax(given, "enabled") ?? true, config });
    if (isObject(credentials) && Object.keys(credentials).length > 0) {
      exchanges.setCredentials(String(apiName), credentials);
    }
    return reply.code(201).send({ message: "Created successfully" });
  });

  app.get<NamePath>("/c/exchange/:name", read, async (request) => {
    allow(request, "match", request.params.name);
    return shown(exchanges.get(request.params.name));
  });

  app.get<NamePath>("/c/exchange/:name/status", read, async (request) => {
    allow(request, "match", request.params.name);
    return exchanges.status(exchanges.get(request.params.name));
  });

  app.post<NamePath>("/c/exchange/:name/credentials", { config: { scope: "admin" } }, async ({ params, body }) => {
    const { api: apiName } = exchanges.get(params.name);
    const given = objectBody(body)["credential_json"];
    if (!isObject(given)) throw message(400, "credential_json should be a json object");
    const empty = Object.keys(given).length === 0;
    const wrong = empty ? undefined : misfit(api(apiName).credentials ?? [], given);
    if (wrong !== undefined) throw message(400, `Failed to parse credential_json - ${wrong}`);
    exchanges.setCredentials(apiName, empty ? undefined : given);
    return authentication(apiName);
  });

  app.put<NamePath>("/c/exchange/:name", change, async (request) => {
    const { name } = exchanges.get(request.params.name);
    allow(request, "add", name);
    const enabled = lax(objectBody(request.body), "enabled");
    if (enabled !== undefined) exchanges.setEnabled(name, enabled);
    return shown(exchanges.get(name));
  });

  app.delete<NamePath>("/c/exchange/:name", { config: { scope: "withdraw" } }, async (request) => {
    allow(request, "withdraw", request.params.name);
    exchanges.remove(request.params.name);
    return { message: "Exchange deleted" };
  });
}
