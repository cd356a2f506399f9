/** The dashboard for who operates the service: cards, sources, banks, matches, withdrawals. */
import type { FastifyInstance } from "fastify";
import type { EntryInfo } from "empreinte/bank";
import type { Session } from "../../people/sessions.js";
import { type Bar, barChart } from "./charts.js";
import { type Html, html, type Part } from "./html.js";
import { buttonForm, page } from "./layout.js";
import { type PageContext, sendPage, sessionOf } from "./context.js";
import { table } from "./table.js";
import type { Texts } from "./texts/en.js";
import { lengthText, timeText } from "./texts/texts.js";

const shownDays = 30;
const mostRows = 50;

function cardsPart({ review }: PageContext, texts: Texts, session: Session): Html {
  const { open, overdue, disputed, decided } = review.cards.counts();
  const late = overdue > 0 ? html`<strong class="late">▲ ${overdue}</strong>` : "0";
  const isAdmin = session.person.scopes.has("admin");
  const rows = review.cards
    .list("disputed", mostRows)
    .map((card): Part[] => [
      card.number,
      card.decided === undefined ? "" : timeText(card.decided),
      isAdmin ? buttonForm(session, `/review/cards/${card.number}/reopen`, `${texts.reopen}: ${card.number}`) : "",
    ]);
  return html`<h2>${texts.cards}</h2>
    <dl class="figures">
      <dt>${texts.state.open}</dt>
      <dd>${open}</dd>
      <dt>${texts.overdue}</dt>
      <dd>${late}</dd>
      <dt>${texts.state.disputed}</dt>
      <dd>${disputed}</dd>
      <dt>${texts.state.decided}</dt>
      <dd>${decided}</dd>
    </dl>
    ${rows.length > 0 && table(texts, texts.state.disputed, [texts.card, texts.time, texts.action], rows)}`;
}

function sourcesPart({ service }: PageContext, texts: Texts): Html {
  const name = service.banks.namer();
  const stale = service.config.staleHours * 3600;
  const counts = new Map(service.store.sources().map((info) => [JSON.stringify([info.bank, info.source]), info]));
  const rows = service.sources.list().flatMap(({ bank, source, ageSeconds, stale: said }): Part[][] => {
    const shown = name(bank);
    if (shown === undefined) return [];
    const age = lengthText(texts, ageSeconds * 1000);
    const info = counts.get(JSON.stringify([bank, source]));
    const late = said || (stale > 0 && ageSeconds > stale);
    return [
      [
        `${shown}: ${source}`,
        late ? html`<strong class="late">▲ ${age}</strong>` : age,
        info?.active ?? 0,
        info?.quarantined ?? 0,
      ],
    ];
  });
  return table(texts, texts.sources, [texts.source, texts.imported, texts.active, texts.quarantined], rows);
}

function matchesPart({ service }: PageContext, texts: Texts): Html {
  const counts = service.days.list(shownDays);
  const actions = ["block", "review", "log"];
  const today = service.now();
  const bars = Array.from({ length: shownDays }, (_, at): Bar => {
    const label = new Date(today - (shownDays - 1 - at) * 86_400_000).toISOString().slice(0, 10);
    const sum = (action: string): number =>
      counts.reduce((all, count) => all + (count.day === label && count.action === action ? count.count : 0), 0);
    return { label, parts: actions.map((name) => ({ name, value: sum(name) })) };
  });
  const rows = counts
    .toReversed()
    .slice(0, mostRows)
    .map(({ day, bank, action, count }): Part[] => [day, bank, action, count]);
  return html`${table(texts, texts.matchesByDay, [texts.day, texts.banks, texts.action, texts.count], rows)}
  ${rows.length > 0 && barChart(texts.matchesByDay, actions, bars)}`;
}

function entriesPart({ service }: PageContext, texts: Texts, caption: string, entries: readonly EntryInfo[]): Html {
  const name = service.banks.namer();
  const rows = entries
    .slice(0, mostRows)
    .map(({ entryNumber, bank, source, reason }): Part[] => [entryNumber, name(bank) ?? "", source, reason ?? ""]);
  return html`${table(texts, caption, [texts.entry, texts.banks, texts.source, texts.reason], rows)}
  ${entries.length > rows.length && html`<p>${rows.length} / ${entries.length}</p>`}`;
}

function withdrawalsPart({ service }: PageContext, texts: Texts): Html {
  const sql = "SELECT time, kind, entries, stopped FROM removal ORDER BY time DESC LIMIT ?";
  const removals = service.state.all<[number, string, number, number]>(sql, mostRows);
  const rows = removals.map(([time, kind, entries, stopped]): Part[] => {
    return [timeText(time), kind, entries, texts.milliseconds(Math.round(stopped))];
  });
  const bars = removals.toReversed().map(([time, kind, , stopped]): Bar => {
    return { label: timeText(time), parts: [{ name: kind, value: Math.round(stopped) }] };
  });
  return html`${table(texts, texts.withdrawals, [texts.time, texts.action, texts.entries, texts.duration], rows)}
  ${rows.length > 0 && barChart(texts.duration, ["withdraw", "erase"], bars)}`;
}

async function banksPart({ service }: PageContext, texts: Texts): Promise<Html> {
  const { banks } = await service.counts.read();
  const rows = service.banks
    .list()
    .map(({ name, stored, policy, negative }): Part[] => [name, banks.get(stored) ?? 0, negative ? "" : policy.action]);
  return table(texts, texts.banks, [texts.banks, texts.active, texts.action], rows);
}

export function dashboardRoute(app: FastifyInstance, context: PageContext): void {
  const { service } = context;
  const { store } = service;
  app.get("/dashboard", { config: { scope: "person", needs: "metrics" } }, async (request, reply) => {
    const session = sessionOf(request);
    const { texts } = request;
    const content = html`${
      service.config.clusterStatus !== "" && html`<p><a href="/review/cluster">${texts.cluster}</a></p>`
    }
    ${cardsPart(context, texts, session)} ${sourcesPart(context, texts)} ${await banksPart(context, texts)}
    ${matchesPart(context, texts)} ${entriesPart(context, texts, texts.flooded, store.flooded())}
    ${entriesPart(context, texts, texts.quarantined, store.quarantined())} ${withdrawalsPart(context, texts)}`;
    return sendPage(reply, page({ texts, title: texts.dashboard, session, content }));
  });
}
