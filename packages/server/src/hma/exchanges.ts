/** /c/exchanges and /c/exchange: where the entries of banks are meant to come from. */
import type { FastifyInstance } from "fastify";
import type { Service } from "../core/service.js";
import { requireBank, requireScope } from "../http/authenticate.js";
import { hmaPolicy } from "./banks.js";
import { exchangeApis, misfit } from "./exchange-apis.js";
import { type Exchange, Exchanges } from "./exchange-store.js";
import { type Fields, lax, message, objectBody } from "./params.js";

interface NamePath {
  Params: { name: string };
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const read = { config: { scope: "match" } } as const;
const change = { config: { scope: "add" } } as const;
const admin = { config: { scope: "admin" } } as const;

/** Finds an API of exchanges. @throws {ServiceError} 400 */
function apiOf(name: string): ReturnType<typeof exchangeApis.get> & object {
  const found = exchangeApis.get(name);
  if (found === undefined) throw message(400, `no such Exchange API '${name}'`);
  return found;
}

/** What HMA says of an API's credentials. */
function authentication(exchanges: Exchanges, name: string): Record<string, boolean> {
  const supported = apiOf(name).credentials !== null;
  return { supports_authentification: supported, has_set_authentification: exchanges.hasCredentials(name) };
}

const shown = ({ name, api, enabled, config }: Exchange): Fields => ({ name, api, enabled, ...config });

export function exchangeRoutes(app: FastifyInstance, service: Service): void {
  const exchanges = new Exchanges(service);
  apiRoutes(app, exchanges);
  credentialRoutes(app, exchanges);
  listRoutes(app, service, exchanges);
  exchangeByName(app, service, exchanges);
}

/** The APIs that there are. */
function apiRoutes(app: FastifyInstance, exchanges: Exchanges): void {
  app.get("/c/exchanges/apis", read, async () => [...exchangeApis.keys()]);
  app.get<NamePath>("/c/exchanges/api/:name", read, async ({ params }) => authentication(exchanges, params.name));

  app.get<NamePath>("/c/exchanges/api/:name/schema", read, async ({ params }) => {
    const found = exchangeApis.get(params.name);
    if (found === undefined) throw message(404, `Exchange API '${params.name}' not found`);
    const { config, credentials } = found;
    return {
      config_schema: { fields: config },
      credentials_schema: credentials === null ? null : { fields: credentials },
    };
  });
}

/** The credentials of an API, by its name or by that of an exchange. */
function credentialRoutes(app: FastifyInstance, exchanges: Exchanges): void {
  app.post<NamePath>("/c/exchanges/api/:name", admin, async ({ params, body }) => {
    const { credentials } = apiOf(params.name);
    const given = objectBody(body)["credential_json"];
    if (given !== undefined && given !== null) {
      if (!isObject(given)) throw message(400, "credential_json should be a json object");
      const empty = Object.keys(given).length === 0;
      if (!empty && credentials === null) throw message(400, `The exchange API '${params.name}' has no credentials`);
      if (!empty) checkCredentials(params.name, given);
      exchanges.setCredentials(params.name, empty ? undefined : given);
    }
    return authentication(exchanges, params.name);
  });

  app.post<NamePath>("/c/exchange/:name/credentials", admin, async ({ params, body }) => {
    const { api: apiName } = exchanges.get(params.name);
    const given = objectBody(body)["credential_json"];
    if (!isObject(given)) throw message(400, "credential_json should be a json object");
    const empty = Object.keys(given).length === 0;
    if (!empty) checkCredentials(apiName, given);
    exchanges.setCredentials(apiName, empty ? undefined : given);
    return authentication(exchanges, apiName);
  });
}

/** The exchanges: a list, and new ones. */
function listRoutes(app: FastifyInstance, service: Service, exchanges: Exchanges): void {
  app.get("/c/exchanges", read, async ({ principal }) =>
    exchanges
      .list()
      .map(({ name }) => name)
      .filter((name) => principal.scopes.allows("match", name)),
  );

  app.post("/c/exchanges", change, async (request, reply) => {
    const { bank, api, given, credentials } = readNewExchange(request.body);
    requireBank(service, request, "add", bank);
    const { enabled: _enabled, name: _name, api: _api, ...config } = given;
    const problem = misfit(apiOf(api).config, given);
    if (problem !== undefined) throw message(400, `Failed to parse \`api_json\` - ${problem}`);
    if (credentials !== undefined) {
      requireScope(service, request, request.principal.scopes.has("admin"), "admin");
      checkCredentials(api, credentials);
    }
    if (exchanges.list().some(({ name }) => name === bank)) throw message(403, "Exchange already exists");
    if (service.banks.find(bank) === undefined) service.banks.create({ name: bank, policy: { ...hmaPolicy } });
    exchanges.create({ name: bank, api, enabled: lax(given, "enabled") ?? true, config });
    if (credentials !== undefined) exchanges.setCredentials(api, credentials);
    return reply.code(201).send({ message: "Created successfully" });
  });
}

/** Reads what a body says of a new exchange, without empty credentials. @throws {ServiceError} 400 */
function readNewExchange(body: unknown): { bank: string; api: string; given: Fields; credentials?: Fields } {
  const { bank, api, api_json: given = {}, credential_json: credentials } = objectBody(body);
  if (bank === undefined || bank === null) throw message(400, "bank is required");
  if (typeof bank !== "string" || !/^[A-Z0-9_]{1,255}$/.test(bank)) {
    throw message(400, "Field `bank` must match /^[A-Z0-9_]+$/");
  }
  if (!isObject(given)) throw message(400, "Field `api_json` must be object");
  if (api === undefined || api === null) throw message(400, "Field `api_type` is required");
  if (!exchangeApis.has(String(api))) throw message(400, `No such exchange type '${String(api)}'`);
  const some = isObject(credentials) && Object.keys(credentials).length > 0;
  return { bank, api: String(api), given, ...(some && { credentials }) };
}

/** Checks the credentials of an API. @throws {ServiceError} 400 */
function checkCredentials(api: string, credentials: Fields): void {
  const wrong = misfit(apiOf(api).credentials ?? [], credentials);
  if (wrong !== undefined) throw message(400, `Failed to parse credential_json - ${wrong}`);
}

/** One exchange. */
function exchangeByName(app: FastifyInstance, service: Service, exchanges: Exchanges): void {
  app.get<NamePath>("/c/exchange/:name", read, async (request) => {
    requireBank(service, request, "match", request.params.name);
    return shown(exchanges.get(request.params.name));
  });

  app.get<NamePath>("/c/exchange/:name/status", read, async (request) => {
    requireBank(service, request, "match", request.params.name);
    return exchanges.status(exchanges.get(request.params.name));
  });

  app.put<NamePath>("/c/exchange/:name", change, async (request) => {
    const { name } = exchanges.get(request.params.name);
    requireBank(service, request, "add", name);
    const enabled = lax(objectBody(request.body), "enabled");
    if (enabled !== undefined) exchanges.setEnabled(name, enabled);
    return shown(exchanges.get(name));
  });

  app.delete<NamePath>("/c/exchange/:name", { config: { scope: "withdraw" } }, async (request) => {
    requireBank(service, request, "withdraw", request.params.name);
    exchanges.remove(request.params.name);
    return { message: "Exchange deleted" };
  });
}
