/** Finds out who calls, and whether he may use the route at all. Banks are checked by the routes. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { forbidden, ServiceError } from "../core/errors.js";
import type { Service } from "../core/service.js";
import { type BankScope, Scopes } from "../keys/scopes.js";
import type { Principal } from "../keys/keys.js";

/** Who calls a service that asks for no key. */
export const openCaller: Principal = { name: "open", scopes: new Scopes(["admin"]), lookups: 0 };
const nobody: Principal = { name: "nobody", scopes: new Scopes([]), lookups: 0 };

export function denyCall(service: Service, request: FastifyRequest, who: string, reason: string): void {
  const route = `${request.method} ${request.routeOptions.url ?? "none"}`;
  service.denied.add({ who, remote: request.ip, route, reason });
  service.metrics.denied.add({ reason });
}

/** Refuses what the caller may not do, and writes it down. @throws {ServiceError} 403 */
export function requireScope(service: Service, request: FastifyRequest, allowed: boolean, what: string): void {
  if (allowed) return;
  denyCall(service, request, request.principal.name, `not allowed: ${what.split(":")[0]}`);
  throw forbidden(`This key lacks the scope ${what}`);
}

/** Refuses a bank that the caller has no scope for. @throws {ServiceError} 403 */
export function requireBank(service: Service, request: FastifyRequest, scope: BankScope, bank: string): void {
  requireScope(service, request, request.principal.scopes.allows(scope, bank), `${scope}:${bank}`);
}

/** The key in a header `Authorization`. */
export const bearerKey = (header: string | undefined): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];

/** Returns the hook that every request goes through first. */
export function authenticate(service: Service): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const { config, keys } = service;
  const unauthorized = (text: string): ServiceError =>
    new ServiceError(401, "ERR_EMPREINTE_UNAUTHORIZED", text, { "www-authenticate": "Bearer" });
  return async (request) => {
    request.principal = nobody;
    // A route without a scope is a defect, and nobody may use it. An unknown route has none, and is answered 404.
    const scope = request.is404 ? "none" : (request.routeOptions.config.scope ?? "admin");
    if (scope === "none" || scope === "person") return;
    if (config.open) {
      request.principal = openCaller;
      return;
    }
    const text = bearerKey(request.headers.authorization);
    if (text === undefined) {
      denyCall(service, request, "nobody", "no key");
      throw unauthorized("This call needs a key: Authorization: Bearer emp_…");
    }
    const found = keys.find(text);
    if ("refused" in found) {
      denyCall(service, request, found.name, found.refused);
      throw unauthorized(`The key is not valid: ${found.refused}`);
    }
    request.principal = found.principal;
    requireScope(service, request, found.principal.scopes.has(scope), scope);
  };
}
