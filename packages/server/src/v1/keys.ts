/** /v1/keys: who may call. */
import type { FastifyInstance } from "fastify";
import { badRequest } from "../core/errors.js";
import type { Service } from "../core/service.js";
import { nameText, route } from "./route.js";
import { keySchema, keysSchema, madeKeySchema, newKeyBody, rotateBody } from "./schemas/service.js";

interface KeyParams {
  Params: { id: string };
}

interface NewKeyBody {
  label: string;
  scopes: string[];
  expires?: string;
  hashLookupsPerMinute?: number;
}

const params = { id: nameText("The id of the key.") };

export function keyRoutes(app: FastifyInstance, service: Service): void {
  const { keys } = service;

  app.get("/keys", route("admin", "List the keys, without their secrets", { 200: keysSchema }), async () => ({
    keys: keys.list(),
  }));

  app.post(
    "/keys",
    route("admin", "Make a key", { 201: madeKeySchema }, { body: newKeyBody }),
    async (request, reply) => {
      const { label, scopes, expires, hashLookupsPerMinute } = request.body as NewKeyBody;
      const end = expires === undefined ? undefined : Date.parse(expires);
      if (Number.isNaN(end)) throw badRequest("expires must be a time as ISO 8601");
      const made = keys.create(request.principal.name, {
        label,
        scopes,
        ...(end !== undefined && { expires: end }),
        ...(hashLookupsPerMinute !== undefined && { lookups: hashLookupsPerMinute }),
      });
      return reply.code(201).header("cache-control", "no-store").send(made);
    },
  );

  const rotation = route(
    "admin",
    "Make a new key in place of one, which still works for a while",
    { 201: madeKeySchema },
    { params, body: rotateBody },
  );
  app.post<KeyParams>("/keys/:id/rotation", rotation, async (request, reply) => {
    const { overlapSeconds = 3600 } = request.body as { overlapSeconds?: number };
    const made = keys.rotate(request.principal.name, request.params.id, overlapSeconds);
    return reply.code(201).header("cache-control", "no-store").send(made);
  });

  app.delete<KeyParams>(
    "/keys/:id",
    route("admin", "Revoke a key at once", { 200: keySchema }, { params }),
    async (request) => keys.revoke(request.principal.name, request.params.id),
  );
}
