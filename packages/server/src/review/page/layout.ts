/** What all pages have: the head, the menu, messages. */
import type { Session } from "../../people/sessions.js";
import { type Html, html, type Part } from "./html.js";
import type { Texts } from "./texts/en.js";

export interface PageParts {
  texts: Texts;
  title: string;
  /** The session of the person who has signed in. */
  session?: Session | undefined;
  /** A message about what was done just now, with what can be done about it. */
  message?: Part;
  content: Part;
  /** Goes to another page at once. */
  refresh?: string;
}

/** Returns the hidden field of a form that shows that the page is ours. */
export const tokenField = (session: Session | undefined): Html =>
  html`<input type="hidden" name="token" value="${session?.token ?? ""}" />`;

/** A form of one button. */
export function buttonForm(session: Session, action: string, label: Part, fields: Record<string, string> = {}): Html {
  const inputs = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
  return html`<form method="post" action="${action}">${tokenField(session)}${inputs}<button>${label}</button></form>`;
}

/** A key of the keyboard, beside what it does. */
export const keyHint = (key: string, session: Session): Html =>
  html`${session.person.keys && html` <kbd>${key}</kbd>`}`;

function menu(texts: Texts, session: Session): Html {
  const { person } = session;
  const isOperator = person.scopes.has("metrics");
  return html`<nav aria-label="${texts.title}">
    <a href="/review">${texts.queue}</a>
    ${isOperator && html`<a href="/review/dashboard">${texts.dashboard}</a>`}
    <a href="/review/account">${texts.account}: ${person.shown}</a>
    ${buttonForm(session, "/review/sign-out", texts.signOut)}
  </nav>`;
}

/** Makes a whole page. */
export function page({ texts, title, session, message, content, refresh }: PageParts): string {
  return html`<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
${refresh !== undefined && html`<meta http-equiv="refresh" content="0; url=${refresh}" />`}
<title>${title} · ${texts.title}</title>
<link rel="icon" href="data:," />
<link rel="stylesheet" href="/review/page.css" />
<script type="module" src="/review/page.js"></script>
</head>
<body${session?.person.keys === true && html` data-keys="on"`} data-token="${session?.token ?? ""}">
<a class="skip" href="#content">${texts.skip}</a>
<header>${session === undefined ? html`<p>${texts.title}</p>` : menu(texts, session)}</header>
<main id="content" tabindex="-1">
<h1>${title}</h1>
<div role="status" class="message" id="message">${message ?? ""}</div>
${content}
</main>
</body>
</html>
`.text;
}
