/** Our own interface: its document, its errors, and its routes. */
import multipart from "@fastify/multipart";
import type { FastifyInstance } from "fastify";
import { version } from "empreinte";
import { type AnsweredError, notFound } from "../core/errors.js";
import { Matching } from "../core/matching.js";
import type { Service } from "../core/service.js";
import { formLimits } from "../http/bodies.js";
import { answerError } from "../http/errors.js";
import { readiness } from "../http/health.js";
import { bankRoutes } from "./banks.js";
import { backupRoute } from "./backup.js";
import { caseRoutes } from "./cases.js";
import { checkRoutes } from "./check.js";
import { documentRoute } from "./document.js";
import { entryRoutes } from "./entries.js";
import { feedRoute } from "./feed.js";
import { historyRoutes } from "./history.js";
import { Idempotency, idempotencyHooks } from "./idempotency.js";
import { importRoutes } from "./imports.js";
import { keyRoutes } from "./keys.js";
import { removalRoutes } from "./removals.js";
import { route } from "./route.js";
import { statusSchema } from "./schemas/service.js";
import { webhookRoutes } from "./webhooks.js";

const titles: Record<number, string> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  408: "Request timeout",
  409: "Conflict",
  413: "Content too large",
  415: "Unsupported media type",
  422: "Unprocessable content",
  429: "Too many requests",
  501: "Not implemented",
  503: "Service unavailable",
  507: "Insufficient storage",
};

const problemText = ({ status, code, message }: AnsweredError): string =>
  JSON.stringify({ type: "about:blank", title: titles[status] ?? "Error", status, detail: message, code });

/** The errors of /v1, as RFC 9457 has them. */
export const problems: ReturnType<typeof answerError> = answerError(
  (answer) => ({ status: answer.status, body: problemText(answer) }),
  "application/problem+json",
);

/** Makes the plugin. */
export function v1Interface(service: Service): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const matching = new Matching(service);
    app.setErrorHandler(problems);
    app.setNotFoundHandler((request, reply) => problems(notFound("There is no such route"), request, reply));
    // Media and lists are streams, which the routes read themselves.
    app.removeContentTypeParser("text/plain");
    app.addContentTypeParser(/^/, (_request, _payload, done) => done(null));
    await app.register(multipart, {
      limits: formLimits,
      throwFileSizeLimit: false,
    });
    idempotencyHooks(app, new Idempotency(service));

    documentRoute(app);
    app.get(
      "/status",
      route("match", "Whether the service is ready, and what it serves", { 200: statusSchema }),
      async (request) => {
        const { sources, ...state } = readiness(service);
        const seen = sources.filter(({ bank }) => request.principal.scopes.allows("match", bank));
        return { ...state, sources: seen, version };
      },
    );
    checkRoutes(app, service, matching);
    bankRoutes(app, service);
    importRoutes(app, service);
    entryRoutes(app, service);
    caseRoutes(app, service);
    feedRoute(app, service);
    removalRoutes(app, service);
    historyRoutes(app, service);
    keyRoutes(app, service);
    webhookRoutes(app, service);
    backupRoute(app, service);
  };
}
