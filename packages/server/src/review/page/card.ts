/** A card: everything that is known of an upload, and what a person answers. Nothing of the image is in it. */
import type { FastifyInstance } from "fastify";
import type { Decision, DecisionMatch } from "empreinte/bank";
import { badRequest } from "../../core/errors.js";
import type { Session } from "../../people/sessions.js";
import { type Card, countedMatches } from "../cards.js";
import { actionKeys, type ReviewLabel } from "../labels.js";
import type { Review } from "../review.js";
import { type Html, html, type Part } from "./html.js";
import { keyHint, page, tokenField } from "./layout.js";
import { messageOf } from "./messages.js";
import { fieldOf, fieldsOf, numberOf, type PageContext, sendPage, sessionOf } from "./context.js";
import { dueText, nextPath } from "./queue.js";
import { revealPart } from "./reveals.js";
import type { Texts } from "./texts/en.js";
import { lengthText, timeText } from "./texts/texts.js";

const reviewer = { config: { scope: "person", needs: "review" } } as const;

/** So many matches are shown. */
const mostMatches = 10;

function suggestionPart(texts: Texts, decision: Decision | undefined): Html {
  const suggestion = decision?.prequalification;
  if (suggestion === undefined) return html`<p>${texts.noSuggestion}</p>`;
  const { labels, kind, by, time, distance, orientation } = suggestion;
  const names = labels.map(({ scheme, code }) => `${scheme}:${code}`).join(", ");
  const said = texts.saidBy(kind, by, time === undefined ? "" : timeText(time));
  return html`<p><strong>${names === "" ? texts.noLabel : names}</strong>, ${said}</p>
    <p>${texts.bits(distance)}. ${texts.orientation}: ${orientation}.</p>`;
}

function matchRow(texts: Texts, name: (bank: string) => string | undefined, match: DecisionMatch): Html {
  const { bank, source, entryNumber, kind, distance, orientation, view, labels, timestampSeconds, flooded } = match;
  const labelled = labels.map(({ scheme, code }) => `${scheme}:${code}`).join(", ");
  const details = [
    texts.bits(distance),
    orientation,
    view,
    timestampSeconds === undefined ? undefined : `${timestampSeconds} s`,
  ];
  return html`<tr>
    <th scope="row">${name(bank) ?? ""}</th>
    <td>${source}</td>
    <td>${entryNumber}${flooded === true && html` (${texts.flooded})`}</td>
    <td>${texts.how[kind]}</td>
    <td>${details.filter((text) => text !== undefined).join(", ")}</td>
    <td>${labelled}</td>
  </tr>`;
}

function matchesPart(context: PageContext, texts: Texts, session: Session, decision: Decision): Html {
  const name = context.service.banks.namer();
  const visible = countedMatches(decision).filter(({ bank }) => {
    const shown = name(bank);
    return shown !== undefined && session.person.scopes.allows("match", shown);
  });
  return html`<h2>${texts.match}</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">${texts.banks}</th>
          <th scope="col">${texts.source}</th>
          <th scope="col">${texts.entry}</th>
          <th scope="col">${texts.match}</th>
          <th scope="col">${texts.view}</th>
          <th scope="col">${texts.labels}</th>
        </tr>
      </thead>
      <tbody>
        ${visible.slice(0, mostMatches).map((match) => matchRow(texts, name, match))}
      </tbody>
    </table>`;
}

const labelPart = (texts: Texts, session: Session, label: ReviewLabel): Html =>
  html`<label class="choice"
    ><input type="checkbox" name="label" value="${label.name}" data-key="${label.key}" />
    ${texts.language === "fr" ? label.fr : label.en}${keyHint(label.key, session)}</label
  >`;

function answerPart(texts: Texts, session: Session, review: Review, card: Card, decision: Decision | undefined): Html {
  const button = (answer: keyof typeof actionKeys, text: string): Html =>
    html`<button name="answer" value="${answer}" data-key="${actionKeys[answer]}">
      ${text}${keyHint(actionKeys[answer], session)}
    </button>`;
  return html`<h2>${texts.answer}</h2>
    ${review.needed(card) > 1 && html`<p>${texts.needed}</p>`}
    <form method="post" action="/review/cards/${card.number}/answer" id="answer">
      ${tokenField(session)}
      <fieldset>
        <legend>${texts.labels}</legend>
        ${review.labels.map((label) => labelPart(texts, session, label))}
      </fieldset>
      <p class="buttons">
        ${decision?.prequalification !== undefined && button("confirm", texts.confirm)} ${button("save", texts.save)}
        ${button("none", texts.none)} ${button("unsure", texts.unsure)}
      </p>
    </form>`;
}

/** Returns the labels that a form answers; undefined for "not sure", null if nothing was chosen. */
function answeredLabels(answer: string, chosen: string[], decision: Decision | undefined): string[] | undefined | null {
  if (answer === "unsure") return undefined;
  if (answer === "none") return [];
  if (answer === "save") return chosen.length === 0 ? null : chosen;
  if (answer !== "confirm") throw badRequest("answer must be confirm, save, none or unsure");
  const suggestion = decision?.prequalification;
  if (suggestion === undefined) throw badRequest("This card has no suggestion");
  return suggestion.labels.map(({ scheme, code }) => `${scheme}:${code}`);
}

/** @param isWanted whether the person's answer still counts. */
function cardContent(context: PageContext, texts: Texts, session: Session, card: Card, isWanted: boolean): Html {
  const { service, review } = context;
  const now = service.now();
  const decision = review.cards.decision(card.number);
  const preview: Part = card.hasPreview
    ? html`<img src="/review/cards/${card.number}/preview.png" alt="${texts.preview}" class="preview" />`
    : html`<p>${texts.noPreview}</p>`;
  return html`<section class="card" aria-label="${texts.card} ${card.number}">
      ${preview}
      <dl>
        <dt>${texts.kindTitle}</dt>
        <dd>${texts.kind[card.kind]}, ${texts.uploads(card.uploads)}</dd>
        <dt>${texts.age}</dt>
        <dd>${lengthText(texts, now - card.created)}</dd>
        ${
          card.state === "open"
            ? html`<dt>${texts.due}</dt>
                <dd>${dueText(texts, card, now)}</dd>`
            : html`<dt>${texts.action}</dt>
                <dd>${texts.state[card.state]}</dd>`
        }
      </dl>
      <h2>${texts.suggestion}</h2>
      ${suggestionPart(texts, decision)} ${decision !== undefined && matchesPart(context, texts, session, decision)}
      ${isWanted && revealPart(context, texts, session, card)}
      ${isWanted && answerPart(texts, session, review, card, decision)}
    </section>
    <p><a href="/review" data-key="${actionKeys.list}">${texts.back}</a>${keyHint(actionKeys.list, session)}</p>`;
}

export function cardRoutes(app: FastifyInstance, context: PageContext): void {
  showRoutes(app, context);
  answerRoutes(app, context);
}

function showRoutes(app: FastifyInstance, context: PageContext): void {
  const { review } = context;

  app.get("/cards/:number", reviewer, async (request, reply) => {
    const session = sessionOf(request);
    const { texts } = request;
    const card = review.card(numberOf(request, "number"), session.person);
    const isWanted =
      card.state === "open" && review.answers.isWanted(card.number, session.person.id, review.needed(card));
    if (isWanted) review.cards.claim(card.number, session.person.id);
    const content = cardContent(context, texts, session, card, isWanted);
    const title = `${texts.card} ${card.number}`;
    const message = messageOf(request, session);
    return sendPage(reply, page({ texts, title, session, message, content }));
  });

  const plainReviewer = { config: { scope: "person", needs: "review", plain: true } } as const;
  app.get("/cards/:number/preview.png", plainReviewer, async (request, reply) => {
    const card = review.card(numberOf(request, "number"), sessionOf(request).person);
    const png = review.cards.preview(card.number);
    return png === undefined ? reply.code(404).send() : reply.type("image/png").send(png);
  });
}

function answerRoutes(app: FastifyInstance, { review }: PageContext): void {
  app.post("/cards/:number/answer", reviewer, async (request, reply) => {
    const { person } = sessionOf(request);
    const card = review.card(numberOf(request, "number"), person);
    const labels = answeredLabels(
      fieldOf(request, "answer"),
      fieldsOf(request, "label"),
      review.cards.decision(card.number),
    );
    if (labels === null) return reply.redirect(`/review/cards/${card.number}?said=choose`, 303);
    const answer = review.answer(card, person, labels);
    return reply.redirect(`${nextPath(review, person)}?answered=${answer}`, 303);
  });

  app.post("/answers/:number/undo", reviewer, async (request, reply) => {
    const { person } = sessionOf(request);
    const card = review.undo(numberOf(request, "number"), person);
    return reply.redirect(card === undefined ? "/review?said=late" : `/review/cards/${card}?said=undone`, 303);
  });

  // A card on which nobody agreed is given to others again by who may do everything.
  app.post("/cards/:number/reopen", { config: { scope: "person", needs: "admin" } }, async (request, reply) => {
    review.reopen(numberOf(request, "number"), sessionOf(request).person);
    return reply.redirect("/review/dashboard", 303);
  });
}
