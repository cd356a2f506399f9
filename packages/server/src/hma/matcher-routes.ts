/** /m: lookups, comparisons, and what the index has. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { hashDistance } from "empreinte";
import { withCall } from "../core/call.js";
import { answerOf } from "../core/errors.js";
import type { Matching } from "../core/matching.js";
import type { Service } from "../core/service.js";
import type { Principal } from "../keys/keys.js";
import { type LookupOptions, lookup, type MatchesByBank } from "./match.js";
import { type HashedMedia, hashForm, hashUrl } from "./media.js";
import { type Fields, lax, message, names, objectBody, requiredText, text } from "./params.js";
import {
  type HmaSignalType,
  isSignalType,
  queryOf,
  signalType,
  signalTypeRatios,
  signalTypes,
  storedType,
  validSignal,
} from "./signal-types.js";

/** HMA's own radius for PDQ, which lookups without a policy have. */
const rawRadius = 31;

const fieldsOf = (request: FastifyRequest): Fields => ({ ...(request.query as Fields) });

/** Counts a bare hash against the caller's rate. @throws {ServiceError} 429 */
export function countLookup({ config, rates }: Service, principal: Principal): void {
  const limit = principal.scopes.has("admin") ? 0 : config.hashLookupsPerMinute;
  rates.take(principal.name, principal.lookups ?? limit, 1);
}

function optionsOf(request: FastifyRequest, query: Fields, bypass: boolean): LookupOptions {
  const seed = text(query, "seed");
  const { scopes } = request.principal;
  return { banks: names(query, "banks"), seed: seed === "" ? undefined : seed, bypass, scopes };
}

export function matcherRoutes(app: FastifyInstance, service: Service, matching: Matching): void {
  rawLookupRoute(app, service);
  lookupRoutes(app, service, matching);
  compareRoute(app, service);
  indexRoute(app, service);
}

function rawLookupRoute(app: FastifyInstance, service: Service): void {
  app.get("/m/raw_lookup", { config: { scope: "match" } }, async (request) => {
    const query = fieldsOf(request);
    const [value, name] = [requiredText(query, "signal"), requiredText(query, "signal_type")];
    const distances = lax(query, "include_distance") ?? false;
    const type = signalType(service.state, name);
    countLookup(service, request.principal);
    const wanted = names(query, "banks");
    const shown = service.banks.namer();
    const found = await service.store.search(queryOf(type, validSignal(type, value)), { radius: rawRadius });
    const matches = found.filter(({ bank }) => {
      const bankName = shown(bank);
      if (bankName === undefined || !request.principal.scopes.allows("match", bankName)) return false;
      return wanted === undefined || wanted.includes(bankName);
    });
    return {
      matches: matches.map(({ entryNumber, distance }) =>
        distances ? { bank_content_id: entryNumber, distance: String(distance) } : entryNumber,
      ),
    };
  });
}

function lookupRoutes(app: FastifyInstance, service: Service, matching: Matching): void {
  const lookupAll = async (hashed: HashedMedia, options: LookupOptions): Promise<Record<string, MatchesByBank>> => {
    const answer: Record<string, MatchesByBank> = {};
    for (const name of Object.keys(hashed.signals).filter(isSignalType)) {
      const query = hashed.queries[name];
      answer[name] = query === undefined ? {} : await lookup(service, matching, query, options);
    }
    return answer;
  };

  app.get("/m/lookup", { config: { scope: "match" } }, async (request, reply) => {
    const query = fieldsOf(request);
    const bypass = lax(query, "bypass_coinflip") ?? false;
    const options = optionsOf(request, query, bypass);
    const url = text(query, "url");
    const wantedType = text(query, "signal_type");
    if (url === undefined || url === "") {
      const value = text(query, "signal");
      if (value === undefined || wantedType === undefined || wantedType === "") {
        throw message(400, "Either url or both signal and signal_type are required");
      }
      const type = signalType(service.state, wantedType);
      // What /h/hash answers of an image without detail. Nothing is like it.
      if (value === "") return {};
      countLookup(service, request.principal);
      return lookup(service, matching, queryOf(type, validSignal(type, value)), options);
    }
    return withCall(reply, service.config.videoSeconds, async (signal) => {
      const hashed = await hashUrl({ service, matching, request, reply, signal }, url, query);
      const all = await lookupAll(hashed, { ...options, signal });
      return wantedType === undefined || wantedType === "" ? all : (all[wantedType] ?? {});
    });
  });

  app.post("/m/lookup", { config: { scope: "match" } }, async (request, reply) => {
    const query = fieldsOf(request);
    const options = optionsOf(request, query, text(query, "bypass_coinflip") === "true");
    return withCall(reply, service.config.videoSeconds, async (signal) => {
      const hashed = await hashForm({ service, matching, request, reply, signal }, query);
      return lookupAll(hashed, { ...options, signal });
    });
  });
}

function compareRoute(app: FastifyInstance, service: Service): void {
  app.post("/m/compare", { config: { scope: "hash" } }, async (request) => {
    if (typeof request.body !== "object" || request.body === null || Array.isArray(request.body)) {
      throw message(400, "Request input was not a dict");
    }
    const answer: Record<string, unknown> = {};
    for (const [name, pair] of Object.entries(objectBody(request.body))) {
      if (!Array.isArray(pair)) throw message(400, `Comparison hashes for ${name} was not a list`);
      if (pair.length !== 2) throw message(400, "Comparison hash list length must be exactly 2");
      const type = signalType(service.state, name);
      answer[name] = compare(type, pair);
    }
    return answer;
  });
}

function indexRoute(app: FastifyInstance, service: Service): void {
  app.get("/m/index/status", { config: { scope: "match" } }, async (request) => {
    const wanted = limitedTypes(fieldsOf(request), `No such signal type '`);
    const built = Math.floor(service.sources.changed() / 1000);
    const { types } = await service.counts.read();
    return Object.fromEntries(
      wanted.map((name) => {
        const size = types.get(storedType[name]) ?? 0;
        return [name, { present: true, built_to: built, size }];
      }),
    );
  });
}

/** Compares two values of one type as HMA does: within HMA's radius or not, and how far apart. */
function compare(type: HmaSignalType, pair: readonly unknown[]): unknown[] {
  try {
    const [left, right] = pair.map((value) => validSignal(type, String(value)));
    if (type !== "pdq") return [left === right, { distance: left === right ? 0 : 1 }];
    const distance = hashDistance(left!, right!);
    return [distance <= rawRadius, { distance }];
  } catch (error) {
    throw message(400, `Invalid ${type} hash: ${answerOf(error).message}`);
  }
}

/** The types that a query asks for, or all. @throws {ServiceError} 400 */
export function limitedTypes(query: Fields, refusal: string): HmaSignalType[] {
  const name = text(query, "signal_type");
  if (name === undefined) return [...signalTypes];
  if (!isSignalType(name)) throw message(400, `${refusal}${name}'`);
  return [name];
}

/** Returns the names and shares of the types, as /c/signal_type lists them. */
export const listedTypes = (service: Service): { name: string; enabled_ratio: number }[] =>
  [...signalTypeRatios(service.state)].map(([name, ratio]) => ({ name, enabled_ratio: ratio }));
