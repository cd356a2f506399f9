/** What concerns the person alone: language, keys, password, and what was seen today. */
import type { FastifyInstance } from "fastify";
import { badRequest } from "../../core/errors.js";
import { html } from "./html.js";
import { buttonForm, page, tokenField } from "./layout.js";
import { fieldOf, type PageContext, sendPage, sessionOf } from "./context.js";
import { isLanguage } from "./texts/texts.js";

export function accountRoutes(app: FastifyInstance, { service, review, sessions }: PageContext): void {
  const { people, config } = service;
  const own = { config: { scope: "person", needs: "review" } } as const;

  app.get("/account", own, async (request, reply) => {
    const session = sessionOf(request);
    const { texts } = request;
    const { person } = session;
    const { reveals, seconds, points, allowed } = review.exposures.today(person.id, config.reviewBudget);
    const other = texts.language === "en" ? "fr" : "en";
    const content = html`<h2>${texts.exposure}</h2>
      <p>${texts.exposureText(reveals, Math.round(seconds), Math.round(points), allowed && Math.round(allowed))}</p>
      <h2>${person.keys ? texts.keysOn : texts.keysOff}</h2>
      <p>${texts.keysHelp}</p>
      ${buttonForm(session, "/review/settings", person.keys ? texts.keysOff : texts.keysOn, { keys: person.keys ? "off" : "on" })}
      <h2 lang="${other}">${texts.otherLanguage}</h2>
      ${buttonForm(session, "/review/settings", html`<span lang="${other}">${texts.otherLanguage}</span>`, { language: other })}
      ${
        person.local &&
        html`<h2>${texts.changePassword}</h2>
          <form method="post" action="/review/password" class="fields">
            ${tokenField(session)}
            <label
              >${texts.oldPassword}<input name="old" type="password" autocomplete="current-password" required
            /></label>
            <label
              >${texts.newPassword}<input
                name="fresh"
                type="password"
                autocomplete="new-password"
                required
                minlength="12"
                maxlength="1024"
            /></label>
            <button>${texts.changePassword}</button>
          </form>`
      }`;
    return sendPage(reply, page({ texts, title: texts.account, session, content }));
  });

  app.post("/settings", own, async (request, reply) => {
    const { person } = sessionOf(request);
    const [language, keys] = [fieldOf(request, "language"), fieldOf(request, "keys")];
    if (language !== "") {
      if (!isLanguage(language)) throw badRequest("There is no such language");
      people.setLanguage(person.id, language);
    }
    if (keys !== "") people.setKeys(person.id, keys === "on");
    return reply.redirect("/review/account", 303);
  });

  app.post("/password", own, async (request, reply) => {
    const { person } = sessionOf(request);
    await people.changePassword(person, fieldOf(request, "old"), fieldOf(request, "fresh"));
    const { texts } = request;
    void reply.header("set-cookie", sessions.cookie("", 0));
    const content = html`<p><a href="/review/sign-in">${texts.signIn}</a></p>`;
    return sendPage(reply, page({ texts, title: texts.account, message: texts.passwordChanged, content }));
  });
}
