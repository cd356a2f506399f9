/**
 * The interface that HMA's clients speak: /h, /m, /c, /status and /site-map, as a real HMA answers. docs/hma.md lists
 * what is a defect there and right here.
 */
import multipart from "@fastify/multipart";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { withCall } from "../core/call.js";
import { Matching } from "../core/matching.js";
import type { Service } from "../core/service.js";
import { formLimits } from "../http/bodies.js";
import { answerError } from "../http/errors.js";
import { readiness } from "../http/health.js";
import { bankRoutes } from "./banks.js";
import { contentRoutes } from "./content.js";
import { exchangeRoutes } from "./exchanges.js";
import { limitedTypes, listedTypes, matcherRoutes } from "./matcher-routes.js";
import { hashForm, hashUrl } from "./media.js";
import { FieldError, type Fields, laxNumber, message, objectBody, requiredText } from "./params.js";
import { contentTypes, isSignalType, storedType } from "./signal-types.js";

const html = "text/html; charset=utf-8";

/** Returns the statuses that HMA's clients do not know, and what they are there. */
const hmaStatus = (status: number): number => (status === 415 || status === 422 ? 400 : status === 409 ? 403 : status);

/** HMA's errors: `{"message"}`, or an array for a field that does not fit. */
export const hmaErrors: ReturnType<typeof answerError> = answerError((answer, error) => {
  if (error instanceof FieldError) return { status: 422, body: JSON.stringify(error.problems) };
  const status = error instanceof Error && "status" in error && error.status === 415 ? 415 : hmaStatus(answer.status);
  return { status, body: JSON.stringify({ message: answer.message }) };
}, "application/json");

/** An empty body is no body, whatever its type says, as some clients send. */
function lenientJson(
  _request: FastifyRequest,
  body: string | Buffer,
  done: (error: Error | null, body?: unknown) => void,
): void {
  const text = String(body);
  if (text.trim() === "") {
    done(null);
    return;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text) as unknown;
  } catch {
    done(message(400, "The browser (or proxy) sent a request that this server could not understand."));
    return;
  }
  done(null, parsed);
}

/** Makes the plugin. */
export function hmaInterface(service: Service): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const matching = new Matching(service);
    app.setErrorHandler(hmaErrors);
    app.removeContentTypeParser("application/json");
    app.addContentTypeParser("application/json", { parseAs: "string" }, lenientJson);
    app.removeContentTypeParser("text/plain");
    app.addContentTypeParser(/^/, (_request, _payload, done) => done(null));
    await app.register(multipart, {
      limits: formLimits,
      throwFileSizeLimit: false,
    });
    const routes = new Set<string>();
    app.addHook("onRoute", ({ url }) => {
      routes.add(url.replaceAll(/:(\w+)/g, "<$1>"));
    });

    statusRoutes(app, service);
    app.get("/site-map", { config: { scope: "none" } }, async () => [...routes].toSorted());

    hashRoutes(app, service, matching);
    matcherRoutes(app, service, matching);
    bankRoutes(app, service);
    contentRoutes(app, service, matching);
    exchangeRoutes(app, service);
    signalTypeRoutes(app, service);
  };
}

function statusRoutes(app: FastifyInstance, service: Service): void {
  app.get("/", { config: { scope: "none" } }, async (_request, reply) => reply.redirect("/status", 302));
  app.get("/status", { config: { scope: "none" } }, async (_request, reply) => {
    const { ready, revision } = readiness(service);
    const text = service.draining ? "INDEX-NOT-LOADED" : ready ? "I-AM-ALIVE" : "INDEX-STALE";
    return reply
      .code(ready ? 200 : 503)
      .header("x-empreinte-revision", String(revision))
      .type(html)
      .send(text);
  });
  app.get("/status/live", { config: { scope: "none" } }, async (_request, reply) =>
    reply.type(html).send("I-AM-ALIVE"),
  );
}

function hashRoutes(app: FastifyInstance, service: Service, matching: Matching): void {
  app.get("/h/hash", { config: { scope: "hash" } }, (request, reply) =>
    withCall(reply, service.config.videoSeconds, async (signal) => {
      const query = { ...(request.query as Fields) };
      const url = requiredText(query, "url");
      return (await hashUrl({ service, matching, request, reply, signal }, url, query)).signals;
    }),
  );
  app.post("/h/hash", { config: { scope: "hash" } }, (request, reply) =>
    withCall(reply, service.config.videoSeconds, async (signal) => {
      const query = { ...(request.query as Fields) };
      return (await hashForm({ service, matching, request, reply, signal }, query)).signals;
    }),
  );
}

/** The types of signals and of contents. */
function signalTypeRoutes(app: FastifyInstance, service: Service): void {
  app.get("/c/signal_type", { config: { scope: "match" } }, async () => listedTypes(service));
  app.get("/c/content_type", { config: { scope: "match" } }, async () =>
    contentTypes.map((name) => ({ name, enabled: true })),
  );
  app.put<{ Params: { name: string } }>(
    "/c/signal_type/:name",
    { config: { scope: "admin" } },
    async (request, reply) => {
      const { name } = request.params;
      const ratio = laxNumber(objectBody(request.body), "enabled_ratio");
      if (ratio === undefined) throw message(400, "enabled_ratio is required");
      if (ratio < 0 || ratio > 1) throw message(400, "enabled_ratio must be between 0.0 and 1.0");
      if (!isSignalType(name)) throw message(404, `No such signal type '${name}'`);
      const sql = "INSERT INTO hma_signal_type VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET ratio = excluded.ratio";
      service.state.run(sql, name, ratio);
      return reply.code(204).send();
    },
  );
  app.get("/c/signal_type/index", { config: { scope: "match" } }, async (request) => {
    const wanted = limitedTypes({ ...(request.query as Fields) }, "No such signal type '");
    const time = Math.floor(service.sources.changed() / 1000);
    const { types } = await service.counts.read();
    return Object.fromEntries(
      wanted.map((name) => {
        const size = types.get(storedType[name]) ?? 0;
        const times = { newest_db_item: time, index_built_to: time };
        return [name, { db_size: size, index_size: size, index_out_of_date: false, ...times }];
      }),
    );
  });
}
