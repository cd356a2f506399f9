/** The review page: its headers, who has signed in, and its routes. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { forbidden } from "../../core/errors.js";
import type { Service } from "../../core/service.js";
import { denyCall } from "../../http/authenticate.js";
import { answerError } from "../../http/errors.js";
import { HashRates } from "../../keys/rates.js";
import { Oidc } from "../../people/oidc.js";
import { isToken, Sessions } from "../../people/sessions.js";
import type { Review } from "../review.js";
import { accountRoutes } from "./account.js";
import { cardRoutes } from "./card.js";
import { fieldOf, type FormFields, type PageContext, sessionOf } from "./context.js";
import { clusterRoute } from "./cluster.js";
import { dashboardRoute } from "./dashboard.js";
import { type Html, html } from "./html.js";
import { page } from "./layout.js";
import { queueRoutes } from "./queue.js";
import { revealRoutes } from "./reveals.js";
import { signInRoutes } from "./sign-in.js";
import { textsFor } from "./texts/texts.js";

export const csp: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers: Record<string, string> = {
  "content-security-policy": csp,
  "cache-control": "no-store",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
};

const asset = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../static/${name}`, import.meta.url)), "utf8");

/**
 * Returns whether a request that changes something comes from this page: by its Origin, where the browser gives one.
 */
function isOwnOrigin(request: FastifyRequest, publicUrl: string): boolean {
  const { origin, host } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  if (origin === undefined) return true;
  if (publicUrl !== "" && origin === new URL(publicUrl).origin) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function parseForm(text: string): FormFields {
  const fields: FormFields = {};
  const parsed = new URLSearchParams(text);
  for (const name of new Set(parsed.keys())) {
    const values = parsed.getAll(name);
    if (name !== "__proto__") fields[name] = values.length === 1 ? values[0]! : values;
  }
  return fields;
}

const retryText = (seconds: string | undefined): Html => html`${seconds !== undefined && html`<p>${seconds} s</p>`}`;

const plainErrors = answerError(({ status, code, message }) => {
  return { status, body: JSON.stringify({ type: "about:blank", status, code, detail: message }) };
}, "application/problem+json");

const pageErrors = answerError((answer) => {
  const content = html`<p>${answer.message}</p>
    ${retryText(answer.headers["retry-after"])}
    <p><a href="/review">/review</a></p>`;
  const texts = textsFor(undefined, undefined);
  return { status: answer.status, body: page({ texts, title: texts.error, content }) };
}, "text/html; charset=utf-8");

/** Returns the hook that finds out who has signed in, and whether the account allows the page. */
function recognizePerson(
  service: Service,
  sessions: Sessions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  return async (request, reply) => {
    void reply.headers(headers);
    request.session = sessions.find(request.headers.cookie);
    const { language } = request.query as { language?: unknown };
    const chosen = request.session?.person.language ?? (typeof language === "string" ? language : undefined);
    request.texts = textsFor(chosen, request.headers["accept-language"]);
    const needs = request.routeOptions.config.needs ?? "admin";
    if (needs === "visitor" || request.is404) return undefined;
    if (request.session === undefined) {
      if (request.method !== "GET" || request.routeOptions.config.plain === true) sessionOf(request);
      return reply.redirect("/review/sign-in", 303);
    }
    const { person } = request.session;
    request.principal = { name: `person ${person.shown}`, scopes: person.scopes, lookups: undefined };
    if (person.scopes.has(needs)) return undefined;
    denyCall(service, request, request.principal.name, `not allowed: ${needs}`);
    throw forbidden("Your account does not allow this");
  };
}

/** Returns the hook that refuses forms of other sites and of other sessions. */
function refuseForgery(service: Service): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    if (request.method === "GET" || request.method === "HEAD" || request.is404) return;
    if (!isOwnOrigin(request, service.config.publicUrl)) {
      denyCall(service, request, request.principal.name, "another origin");
      throw forbidden("This call came from another site");
    }
    if (request.session !== undefined && !isToken(request.session, fieldOf(request, "token"))) {
      denyCall(service, request, request.principal.name, "no form token");
      throw forbidden("This form is not of your session. Load the page again.");
    }
  };
}

function assetRoutes(app: FastifyInstance): void {
  for (const [name, type] of [
    ["page.css", "text/css; charset=utf-8"],
    ["page.js", "text/javascript; charset=utf-8"],
  ] as const) {
    const text = asset(name);
    app.get(`/${name}`, { config: { scope: "person", needs: "visitor", plain: true } }, async (_request, reply) =>
      reply.type(type).send(text),
    );
  }
}

/** Makes the plugin. It is served under /review. */
export function reviewPage(service: Service, review: Review): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const { config, people, state, now } = service;
    const sessions = new Sessions(state, people, config, now);
    const oidc = new Oidc(config, people, now);
    const context: PageContext = { service, review, sessions, oidc, attempts: new HashRates(config.workers, now) };
    app.decorateRequest("session");
    app.decorateRequest("texts");
    app.removeAllContentTypeParsers();
    const limit = { parseAs: "string", bodyLimit: 16_384 } as const;
    app.addContentTypeParser("application/x-www-form-urlencoded", limit, (_request, body, done) => {
      done(null, parseForm(String(body)));
    });
    app.addHook("onRequest", recognizePerson(service, sessions));
    app.addHook("preHandler", refuseForgery(service));
    app.setErrorHandler((error, request, reply) =>
      (request.routeOptions.config.plain === true ? plainErrors : pageErrors)(error, request, reply),
    );
    assetRoutes(app);
    signInRoutes(app, context);
    accountRoutes(app, context);
    queueRoutes(app, context);
    cardRoutes(app, context);
    revealRoutes(app, context);
    dashboardRoute(app, context);
    clusterRoute(app, context);
  };
}
