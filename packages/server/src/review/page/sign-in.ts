/** Signing in and out. */
import type { FastifyInstance } from "fastify";
import { ServiceError } from "../../core/errors.js";
import { html, type Part } from "./html.js";
import { page } from "./layout.js";
import { fieldOf, type PageContext, sendPage } from "./context.js";
import type { Texts } from "./texts/en.js";

const triesPerMinute = 20;
const oidcCookie = "empreinte-oidc";
const visitor = { config: { scope: "person", needs: "visitor" } } as const;

/** Returns the page to sign in. */
function signInPage(texts: Texts, withIssuer: boolean, message?: Part): string {
  const other = texts.language === "en" ? "fr" : "en";
  const content = html`<form method="post" action="/review/sign-in?language=${texts.language}" class="fields">
      <label>${texts.name}<input name="name" autocomplete="username" required maxlength="64" autofocus /></label>
      <label
        >${texts.password}<input
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxlength="1024"
      /></label>
      <button>${texts.signIn}</button>
    </form>
    ${withIssuer && html`<p><a href="/review/oidc">${texts.signInWith}</a></p>`}
    <p>
      <a href="/review/sign-in?language=${other}" lang="${other}" hreflang="${other}">${texts.otherLanguage}</a>
    </p>`;
  return page({ texts, title: texts.signIn, message, content });
}

export function signInRoutes(app: FastifyInstance, context: PageContext): void {
  passwordRoutes(app, context);
  signOutRoute(app, context);
  if (context.oidc.enabled) oidcRoutes(app, context);
}

function passwordRoutes(app: FastifyInstance, { service, sessions, oidc, attempts }: PageContext): void {
  const { people } = service;

  app.get("/sign-in", visitor, async (request, reply) => {
    if (request.session !== undefined) return reply.redirect("/review", 303);
    return sendPage(reply, signInPage(request.texts, oidc.enabled));
  });

  app.post("/sign-in", visitor, async (request, reply) => {
    attempts.take(request.ip, triesPerMinute, 1, "Too many tries to sign in");
    try {
      const person = await people.signIn(
        fieldOf(request, "name").slice(0, 64),
        fieldOf(request, "password"),
        request.ip,
      );
      if (request.session !== undefined) sessions.end(request.session.digest);
      return await reply.header("set-cookie", sessions.begin(person)).redirect("/review", 303);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status !== 401) throw error;
      service.denied.add({
        who: "nobody",
        remote: request.ip,
        route: "POST /review/sign-in",
        reason: "wrong password",
      });
      service.metrics.denied.add({ reason: "wrong password" });
      return sendPage(reply, signInPage(request.texts, oidc.enabled, html`<p>${error.message}</p>`), 401);
    }
  });
}

function signOutRoute(app: FastifyInstance, { sessions }: PageContext): void {
  app.post("/sign-out", visitor, async (request, reply) => {
    if (request.session !== undefined) sessions.end(request.session.digest);
    return reply.header("set-cookie", sessions.cookie("", 0)).redirect("/review/sign-in", 303);
  });
}

/** Signing in with an issuer. */
function oidcRoutes(app: FastifyInstance, { sessions, oidc, attempts }: PageContext): void {
  // The issuer sends the person back from its own site, with which a strict cookie would not come.
  const transfer = (value: string, seconds: number): string => {
    const secure = sessions.secure ? "; Secure" : "";
    return `${oidcCookie}=${value}; Path=/review/oidc; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`;
  };

  app.get("/oidc", visitor, async (request, reply) => {
    attempts.take(request.ip, triesPerMinute, 1, "Too many tries to sign in");
    const { address, sealed } = await oidc.start();
    return reply.header("set-cookie", transfer(sealed, 600)).redirect(address, 303);
  });

  app.get("/oidc/callback", visitor, async (request, reply) => {
    attempts.take(request.ip, triesPerMinute, 1, "Too many tries to sign in");
    const pair = (request.headers.cookie ?? "").split(/; */).find((one) => one.startsWith(`${oidcCookie}=`));
    const query = request.raw.url?.split("?")[1] ?? "";
    const person = await oidc.finish(query, pair?.slice(oidcCookie.length + 1), request.ip);
    void reply.header("set-cookie", [sessions.begin(person), transfer("", 0)]);
    // A redirect would still be a part of the issuer's navigation, which has no strict cookie.
    const { texts } = request;
    const content = html`<p><a href="/review">${texts.queue}</a></p>`;
    return sendPage(reply, page({ texts, title: texts.signIn, content, refresh: "/review" }));
  });
}
