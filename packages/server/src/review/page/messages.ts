/** What a page says of what was done just before it. */
import type { FastifyRequest } from "fastify";
import type { Session } from "../../people/sessions.js";
import { actionKeys } from "../labels.js";
import { html, type Part } from "./html.js";
import { keyHint, tokenField } from "./layout.js";

/** Returns the message that an address asks for: of an answer that was saved, with its undo. */
export function messageOf(request: FastifyRequest, session: Session): Part {
  const { answered, said } = request.query as Record<string, unknown>;
  const { texts } = request;
  if (typeof answered === "string" && /^[0-9]{1,15}$/.test(answered)) {
    return html`<p>${texts.saved}</p>
      <form method="post" action="/review/answers/${answered}/undo" data-lasts="10">
        ${tokenField(session)}<button data-key="${actionKeys.undo}">
          ${texts.undo}${keyHint(actionKeys.undo, session)}
        </button>
      </form>`;
  }
  if (said === "undone") return html`<p>${texts.undone}</p>`;
  if (said === "late") return html`<p>${texts.tooLate}</p>`;
  if (said === "choose") return html`<p>${texts.choose}</p>`;
  return undefined;
}
