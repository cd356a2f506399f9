/** Revealing the image of a card, while a key or a button is held. */
import type { FastifyInstance } from "fastify";
import { withCall } from "../../core/call.js";
import { ServiceError } from "../../core/errors.js";
import type { Session } from "../../people/sessions.js";
import type { Card } from "../cards.js";
import { levels, revealMilliseconds } from "../exposure.js";
import { type Html, html } from "./html.js";
import { keyHint } from "./layout.js";
import { fieldOf, numberOf, type PageContext, sessionOf } from "./context.js";
import type { Texts } from "./texts/en.js";

/** The level with colour, which is allowed once a session. */
const colourLevel = 4;

/** Returns the buttons of a card whose image can be revealed, and the place where it is drawn. */
export function revealPart({ service, review }: PageContext, texts: Texts, session: Session, card: Card): Html {
  if (review.media(card) === "none")
    return html`<h2>${texts.reveal}</h2>
      <p>${texts.noMedia}</p>`;
  const most = Math.min(service.config.reviewLevels, card.kind === "video" ? colourLevel - 1 : colourLevel);
  const button = (level: number): Html =>
    html`<button type="button" data-level="${level}" aria-describedby="reveal-help">
      ${texts.levels[level - 1]}${keyHint(String(level), session)}
    </button>`;
  return html`<h2>${texts.reveal}</h2>
    <div
      id="reveal"
      data-card="${card.number}"
      data-lasts="${revealMilliseconds}"
      data-colour="${session.colour ? "yes" : "no"}"
      data-shown="${texts.shown}"
      data-hidden="${texts.hidden}"
      data-loading="${texts.loading}"
      data-error="${texts.error}"
    >
      <p id="reveal-help">${texts.revealHelp}</p>
      <noscript><p>${texts.needsScript}</p></noscript>
      <p class="buttons">${levels.slice(0, most).map((_, at) => button(at + 1))}</p>
      <p role="status" id="reveal-state"></p>
      <canvas id="image" width="1" height="1" hidden></canvas>
      <dialog id="colour" aria-labelledby="colour-title">
        <h2 id="colour-title">${texts.colour}</h2>
        <p>${texts.colourText}</p>
        <p class="buttons">
          <button type="button" value="cancel">${texts.cancel}</button>
          <button type="button" value="yes">${texts.allow}</button>
        </p>
      </dialog>
      <dialog id="break" aria-labelledby="break-title">
        <h2 id="break-title">${texts.tooMuch}</h2>
        <p>${texts.tooMuchText}</p>
        <p class="buttons">
          <button type="button" value="cancel">${texts.takeBreak}</button>
          <button type="button" value="yes">${texts.goOn}</button>
        </p>
      </dialog>
    </div>`;
}

export function revealRoutes(app: FastifyInstance, { service, review, sessions }: PageContext): void {
  const { config, keys } = service;
  const reviewer = { config: { scope: "person", needs: "review", plain: true } } as const;

  app.post("/cards/:number/reveals", reviewer, (request, reply) =>
    withCall(reply, config.videoSeconds, async (signal) => {
      const session = sessionOf(request);
      const card = review.card(numberOf(request, "number"), session.person);
      const level = Number(fieldOf(request, "level"));
      if (level === colourLevel && !session.colour) {
        throw new ServiceError(403, "ERR_EMPREINTE_FORBIDDEN", "Allow colour in this session first");
      }
      const { id, webp } = await review.reveal(card, session.person, level, signal);
      return reply
        .header("x-reveal", id)
        .header("content-disposition", "attachment")
        .type("image/webp")
        .send(Buffer.from(webp.buffer, webp.byteOffset, webp.byteLength));
    }),
  );

  app.post<{ Params: { id: string } }>("/reveals/:id/end", reviewer, async (request, reply) => {
    review.exposures.end(request.params.id, sessionOf(request).person.id);
    return reply.code(204).send();
  });

  app.post("/colour", reviewer, async (request, reply) => {
    const session = sessionOf(request);
    sessions.allowColour(session);
    keys.record(`person ${session.person.shown}`, "colour allowed", {});
    return reply.code(204).send();
  });

  app.post("/go-on", reviewer, async (request, reply) => {
    const { person } = sessionOf(request);
    review.exposures.goOn(person.id, config.reviewBudget);
    keys.record(`person ${person.shown}`, "exposure budget passed", {});
    return reply.code(204).send();
  });
}
