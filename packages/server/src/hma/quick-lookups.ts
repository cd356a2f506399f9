/**
 * Plain lookups of a PDQ hash, answered without the rest of the server.
 *
 * The lookups that arrive in one turn of the event loop wait for its end. Then one statement of the state, one of the
 * store and one search serve them all. Nothing that another process changed before a lookup came is missed, because the
 * statements run after all of them came. Whatever is not a plain lookup goes on to the route of `matcher-routes.ts`,
 * which gives all other answers: other parameters, errors, refusals.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Decision } from "empreinte/bank";
import { actingAs } from "../core/actor.js";
import type { Matching } from "../core/matching.js";
import type { Service } from "../core/service.js";
import { bearerKey, openCaller } from "../http/authenticate.js";
import type { Principal } from "../keys/keys.js";
import { matchesOf } from "./match.js";
import { countLookup } from "./matcher-routes.js";
import { signalTypeRatios } from "./signal-types.js";

/** A lookup that may be answered here, in the orders in which clients write its parameters. */
const plainLookup =
  /^\/m\/lookup\?(?:signal=([\dA-Fa-f]{64})&signal_type=pdq|signal_type=pdq&signal=([\dA-Fa-f]{64}))$/;

const nothing = "{}";
const contentType = "application/json; charset=utf-8";
const labels = { route: "/m/lookup", method: "GET", status: "200" };

interface Lookup {
  request: IncomingMessage;
  response: ServerResponse;
  hash: string;
  start: number;
}

/** Returns the hash that a request looks up, if the request has nothing else that counts. */
function plainHash({ method, url, headers: { expect, ...given } }: IncomingMessage): string | undefined {
  if (method !== "GET" || url === undefined || expect !== undefined) return undefined;
  if (given["content-length"] !== undefined || given["transfer-encoding"] !== undefined) return undefined;
  const found = plainLookup.exec(url);
  return found?.[1] ?? found?.[2];
}

export interface QuickLookupOptions {
  service: Service;
  matching: Matching;
  /** Answers everything else. */
  otherwise: RequestListener;
  /** Whether answers of status 200 are not logged now. */
  silent: () => boolean;
}

/** What `work` returns, or what it throws: the rest of the server meets the same error, and answers it. */
function attempt<T>(work: () => T): { value: T } | { error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

/** Makes a listener for requests, which answers plain lookups. */
export function quickLookups({ service, matching, otherwise, silent }: QuickLookupOptions): RequestListener {
  let waiting: Lookup[] = [];

  const callerOf = ({ headers: { authorization } }: IncomingMessage, version: string): Principal | undefined => {
    if (service.config.open) return openCaller;
    const key = bearerKey(authorization);
    const found = key === undefined ? undefined : service.keys.find(key, version);
    return found !== undefined && "principal" in found && found.principal.scopes.has("match")
      ? found.principal
      : undefined;
  };

  /**
   * Decides about a lookup, whose caller's rate it counts. Returns undefined where nothing is near.
   * @param decide undefined where nothing is near.
   */
  const decided = (caller: Principal, decide: (() => Decision) | undefined): Decision | undefined => {
    countLookup(service, caller);
    return decide && actingAs(caller.name, decide);
  };

  const answer = ({ response, start }: Lookup, { name, scopes }: Principal, decision: Decision | undefined): void => {
    let text = nothing;
    if (decision !== undefined) {
      const find = (): object => matchesOf(service, matching, decision, { banks: undefined, scopes });
      text = JSON.stringify(actingAs(name, find));
    }
    response.writeHead(200, { "content-type": contentType, "content-length": Buffer.byteLength(text) }).end(text);
    service.metrics.requests.observe((performance.now() - start) / 1000, labels);
  };

  /** Answers plain lookups, and returns those that the route has to answer. */
  const answerAll = async (lookups: readonly Lookup[]): Promise<readonly Lookup[]> => {
    const { state, matcher, draining } = service;
    const { version } = state;
    if (draining || !silent() || signalTypeRatios(state, version).get("pdq") === 0) return lookups;
    const callers = lookups.map(({ request }) => callerOf(request, version));
    const hashes = Buffer.allocUnsafe(32 * lookups.length);
    lookups.forEach(({ hash }, i) => hashes.write(hash, 32 * i, "hex"));
    const near = await matcher.checkHashes(hashes);
    // All in one reading of the store. What follows also writes, and is outside of it.
    const decisions = matcher.together(() =>
      callers.map((caller, i) => caller && attempt(() => decided(caller, near[i]))),
    );
    const isLeft = (one: Lookup, i: number): boolean => {
      const [caller, decision] = [callers[i], decisions[i]];
      if (caller === undefined || decision === undefined || "error" in decision) return true;
      return "error" in attempt(() => answer(one, caller, decision.value));
    };
    return state.together(() => lookups.filter(isLeft));
  };

  const turn = (): void => {
    const lookups = waiting;
    waiting = [];
    const rest = (some: readonly Lookup[]): void => {
      for (const { request, response } of some) otherwise(request, response);
    };
    // The route meets the same error, and answers it.
    answerAll(lookups).then(rest, () => rest(lookups.filter(({ response }) => !response.headersSent)));
  };

  return (request, response) => {
    const hash = plainHash(request);
    if (hash === undefined) {
      otherwise(request, response);
      return;
    }
    if (waiting.length === 0) setImmediate(turn);
    waiting.push({ request, response, hash, start: performance.now() });
  };
}
