/** The queue: the cards that wait for a person, those with the nearest deadline first. */
import type { FastifyInstance } from "fastify";
import type { Person } from "../../people/people.js";
import type { Card } from "../cards.js";
import { actionKeys } from "../labels.js";
import type { Review } from "../review.js";
import { type Html, html } from "./html.js";
import { keyHint, page } from "./layout.js";
import { messageOf } from "./messages.js";
import { type PageContext, sendPage, sessionOf } from "./context.js";
import type { Texts } from "./texts/en.js";
import { lengthText } from "./texts/texts.js";

/** So many cards are listed. */
const mostCards = 50;

/** Returns where a person goes next. */
export function nextPath(review: Review, person: Person): string {
  const card = review.next(person);
  return card === undefined ? "/review" : `/review/cards/${card.number}`;
}

/** How long is left, with a sign and a word where nothing is. */
export function dueText(texts: Texts, card: Card, now: number): Html {
  const left = card.due - now;
  if (left < 0) return html`<strong class="late">▲ ${texts.overdue}: ${lengthText(texts, -left)}</strong>`;
  return html`${lengthText(texts, left)}`;
}

export function queueRoutes(app: FastifyInstance, { service, review }: PageContext): void {
  const reviewer = { config: { scope: "person", needs: "review" } } as const;

  app.get("/", reviewer, async (request, reply) => {
    const session = sessionOf(request);
    const { texts } = request;
    const now = service.now();
    const name = service.banks.namer();
    const cards = review.queue(session.person, mostCards);
    const rows = cards.map((card) => {
      const banks = card.banks.flatMap((bank) => name(bank) ?? []).join(", ");
      return html`<tr>
        <th scope="row"><a href="/review/cards/${card.number}">${texts.card} ${card.number}</a></th>
        <td>${texts.kind[card.kind]}</td>
        <td>${texts.uploads(card.uploads)}</td>
        <td>${banks}</td>
        <td>${lengthText(texts, now - card.created)}</td>
        <td>${dueText(texts, card, now)}</td>
      </tr>`;
    });
    const content =
      cards.length === 0
        ? html`<p>${texts.empty}</p>`
        : html`<p>
              <a class="button" href="/review/next" data-key="${actionKeys.next}">${texts.begin}</a
              >${keyHint(actionKeys.next, session)}
            </p>
            <table>
              <thead>
                <tr>
                  <th scope="col">${texts.card}</th>
                  <th scope="col">${texts.kindTitle}</th>
                  <th scope="col">${texts.uploadsTitle}</th>
                  <th scope="col">${texts.banks}</th>
                  <th scope="col">${texts.age}</th>
                  <th scope="col">${texts.due}</th>
                </tr>
              </thead>
              <tbody>
                ${rows}
              </tbody>
            </table>`;
    const message = messageOf(request, session);
    return sendPage(reply, page({ texts, title: texts.queue, session, message, content }));
  });

  app.get("/next", reviewer, async (request, reply) =>
    reply.redirect(nextPath(review, sessionOf(request).person), 303),
  );
}
