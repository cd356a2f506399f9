/** What changed, and who did what. */
import type { FastifyInstance } from "fastify";
import type { Service } from "../core/service.js";
import { route, wholeOf, wholeText } from "./route.js";
import { auditSchema, changesSchema } from "./schemas/history.js";
import { accessSchema } from "./schemas/service.js";

const mostRows = 10_000;

export function historyRoutes(app: FastifyInstance, service: Service): void {
  const { store, banks, denied, state } = service;

  const changes = route(
    "match",
    "What changed after a revision, and what ended",
    { 200: changesSchema },
    {
      querystring: {
        since: wholeText("The revision. Default 0."),
        limit: wholeText("The most revisions. Default 100."),
      },
    },
  );
  app.get("/changes", changes, async ({ query, principal }) => {
    const since = wholeOf(query, "since", 0, Number.MAX_SAFE_INTEGER);
    const { revision } = store;
    const found = since >= revision ? [] : store.changes(since, { limit: wholeOf(query, "limit", 100, mostRows) });
    const name = banks.namer();
    const shown = found.flatMap((change) => {
      if (change.bank === undefined) return principal.scopes.hasAll("match") ? [change] : [];
      const bank = name(change.bank);
      return bank === undefined || !principal.scopes.allows("match", bank) ? [] : [{ ...change, bank }];
    });
    return { revision, next: found.at(-1)?.revision ?? Math.max(since, revision), changes: shown };
  });

  const audit = route(
    "admin",
    "The store's audit log",
    { 200: auditSchema },
    {
      querystring: {
        after: wholeText("The number of a record. Default 0."),
        limit: wholeText("The most records. Default 1,000."),
      },
    },
  );
  app.get("/audit", audit, async ({ query }) => {
    const after = wholeOf(query, "after", 0, Number.MAX_SAFE_INTEGER);
    return { records: store.audit({ after, limit: Math.max(1, wholeOf(query, "limit", 1000, mostRows)) }) };
  });

  const access = route(
    "admin",
    "Refused calls, and changes of keys",
    { 200: accessSchema },
    { querystring: { limit: wholeText("The most rows of each. Default 1,000.") } },
  );
  app.get("/access", access, async ({ query }) => {
    const limit = wholeOf(query, "limit", 1000, mostRows);
    const sql = "SELECT time, who, what, detail FROM access ORDER BY number DESC LIMIT ?";
    const keys = state.all<[number, string, string, string]>(sql, limit).map(([time, who, what, detail]) => {
      return { time: new Date(time).toISOString(), who, what, detail: JSON.parse(detail) as unknown };
    });
    return { denied: denied.list(limit), keys };
  });
}
