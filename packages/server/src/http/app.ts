/** The HTTP server: its limits, who calls, errors, logs and health. */
import type { RequestListener } from "node:http";
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from "fastify";
import { actingAs } from "../core/actor.js";
import { refuseLongBody } from "../core/call.js";
import { notFound } from "../core/errors.js";
import { Matching } from "../core/matching.js";
import type { Service } from "../core/service.js";
import { hmaInterface } from "../hma/interface.js";
import { quickLookups } from "../hma/quick-lookups.js";
import type { BankScope, PlainScope } from "../keys/scopes.js";
import type { Principal } from "../keys/keys.js";
import { reviewPage } from "../review/page/plugin.js";
import { v1Interface } from "../v1/interface.js";
import { authenticate } from "./authenticate.js";
import { bodyLimit, continueBody } from "./bodies.js";
import { answerError } from "./errors.js";
import { healthRoutes, type ProcessMetrics } from "./health.js";
import { type LogStream, logOptions } from "./log.js";
import { compilersFactory } from "./validators.js";

declare module "fastify" {
  interface FastifyRequest {
    principal: Principal;
    /** Whether the client waits for "100 Continue" before it sends its body. */
    awaitsContinue: boolean;
  }
  interface FastifyContextConfig {
    /**
     * What the caller needs: a scope, "person" if the review page checks who has signed in, or "none" for a route
     * without a key. Every route has this.
     */
    scope?: BankScope | PlainScope | "person" | "none";
  }
}

export interface AppOptions {
  service: Service;
  /** Where the log goes. Default: standard output. */
  log?: LogStream;
  /** Returns the metrics of all processes. Default: those of this one. */
  allMetrics?: ProcessMetrics;
}

/** Returns the pattern of a route, such as "/c/bank/:bank". Its values are not in it. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? "none";

const plainErrors = answerError(({ status, code, message }) => {
  return { status, body: JSON.stringify({ message, code }) };
}, "application/json; charset=utf-8");

/** Makes the server. It does not listen yet. */
export async function buildApp({ service, log, allMetrics }: AppOptions): Promise<FastifyInstance> {
  const { config } = service;
  const app: FastifyInstance = Fastify({
    logger: logOptions(config.logLevel, log),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.maxJsonBytes,
    // What somebody sends as its request's id must not get into the log.
    requestIdHeader: false,
    trustProxy: false,
    return503OnClosing: true,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 300 },
    schemaController: { compilersFactory },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allowUnionTypes: true } },
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    http: {
      maxHeaderSize: 16_384,
      headersTimeout: Math.max(1000, config.idleSeconds * 1000),
      requestTimeout: 0,
      connectionsCheckingInterval: 1000,
      joinDuplicateHeaders: false,
    },
  });
  app.server.maxRequestsPerSocket = 0;
  app.decorateRequest("principal");
  app.decorateRequest("awaitsContinue", false);
  app.server.on("checkContinue", (request, reply) => {
    continueBody.add(request);
    app.server.emit("request", request, reply);
  });
  app.addHook("onRequest", authenticate(service));
  app.addHook("preParsing", (request, reply, payload, done) => {
    if (continueBody.has(request.raw)) {
      try {
        refuseLongBody(request, bodyLimit(config, request));
      } catch (error) {
        done(error instanceof Error ? error : undefined);
        return;
      }
      // From here on the client sends its body, and a refusal has to wait for it.
      continueBody.delete(request.raw);
      reply.raw.writeContinue();
    }
    done(null, payload);
  });
  app.addHook("preHandler", (request, _reply, done) => actingAs(request.principal.name, done));
  app.addHook("onResponse", (request, reply, done) => {
    const seconds = reply.elapsedTime / 1000;
    const { method } = request;
    const labels = { route: routeOf(request), method, status: String(reply.statusCode) };
    service.metrics.requests.observe(seconds, labels);
    if (request.log.level === "debug" || reply.statusCode >= 400) logCall(request.log, labels, request, seconds);
    done();
  });
  app.setErrorHandler(plainErrors);
  app.setNotFoundHandler((request, reply) => plainErrors(notFound("There is no such route"), request, reply));
  healthRoutes(app, service, allMetrics);
  if (config.hma) {
    await app.register(hmaInterface(service));
    const [whole] = app.server.listeners("request") as [RequestListener];
    const matching = new Matching(service);
    const silent = (): boolean => app.log.level !== "debug";
    app.server.off("request", whole).on("request", quickLookups({ service, matching, otherwise: whole, silent }));
  }
  await app.register(v1Interface(service), { prefix: "/v1" });
  if (service.review !== undefined) {
    await app.register(reviewPage(service, service.review), { prefix: "/review" });
  }
  return app;
}

function logCall(log: FastifyBaseLogger, labels: object, request: FastifyRequest, seconds: number): void {
  const who = request.principal?.name ?? "nobody";
  log.info({ ...labels, who, remote: request.ip, seconds: Math.round(seconds * 1e6) / 1e6 }, "a call");
}
