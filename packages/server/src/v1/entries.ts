/** Entries: one by its number, all of a bank as a stream, and what an operator changes about one. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { EntryFilter, EntryInfo, EntryName, EntryNumber } from "empreinte/bank";
import { badRequest, notFound } from "../core/errors.js";
import type { Service } from "../core/service.js";
import { requireBank } from "../http/authenticate.js";
import { bankParam, type BankParams } from "./banks.js";
import { nameText, route, switchText, textOf } from "./route.js";
import { doneSchema, entryNameBody, entrySchema, pauseBody } from "./schemas/entries.js";

interface NumberParams {
  Params: { entryNumber: string };
}

/** Returns an entry as JSON: times as text, and hashes cut to 8 digits for those who may not have the list. */
function shownEntry(entry: EntryInfo, bank: string, whole: boolean): object {
  const { signals, time, disabledUntil, ...rest } = entry;
  return {
    ...rest,
    bank,
    signals: whole ? signals : signals.map((signal) => ({ ...signal, value: `${signal.value.slice(0, 8)}…` })),
    ...(time !== undefined && { time: time.toISOString() }),
    ...(disabledUntil !== undefined && { disabledUntil: disabledUntil.toISOString() }),
  };
}

/** Finds an entry and the name of its bank. @throws {ServiceError} 404 */
function findEntry({ store, banks }: Service, name: EntryName | EntryNumber): { entry: EntryInfo; bank: string } {
  const entry = store.entry(name);
  const bank = entry === undefined ? undefined : banks.namer()(entry.bank);
  if (entry === undefined || bank === undefined) throw notFound("There is no such entry");
  return { entry, bank };
}

export function entryRoutes(app: FastifyInstance, service: Service): void {
  showRoute(app, service);
  exportRoute(app, service);
  changeRoutes(app, service);
}

function showRoute(app: FastifyInstance, service: Service): void {
  const one = route(
    "match",
    "Show an entry. Only the scope admin sees whole hashes",
    { 200: entrySchema },
    { params: { entryNumber: { type: "string", pattern: "^[0-9]{1,15}$", description: "The store's number." } } },
  );
  app.get<NumberParams>("/entries/:entryNumber", one, async (request) => {
    const { scopes } = request.principal;
    const { entry, bank } = findEntry(service, { entryNumber: Number(request.params.entryNumber) });
    // Who may not see the bank does not learn that there is such an entry.
    if (!scopes.allows("match", bank)) throw notFound("There is no such entry");
    return shownEntry(entry, bank, scopes.has("admin"));
  });
}

function exportRoute(app: FastifyInstance, { banks, store }: Service): void {
  const all = route(
    "admin",
    "Take the entries of a bank out of the store, one JSON object a line. The audit log has a record of it",
    { 200: { type: "string", description: "One entry a line." } },
    {
      params: bankParam,
      querystring: {
        source: nameText("Only of this source."),
        status: { type: "string", enum: ["active", "quarantined", "withdrawn"], description: "Only with this status." },
        crops: switchText("Whether to have crops."),
      },
      produces: ["application/x-ndjson"],
    },
  );
  app.get<BankParams>("/banks/:bank/entries", all, async (request, reply) => {
    const { name, stored } = banks.get(request.params.bank);
    const source = textOf(request.query, "source");
    const status = textOf(request.query, "status") as EntryInfo["status"] | undefined;
    const filter: EntryFilter = {
      bank: stored,
      ...(source !== undefined && { source }),
      ...(status !== undefined && { status }),
      crops: textOf(request.query, "crops") === "true",
    };
    const entries = store.entries(filter);
    store.recordExport({ ...filter, to: "GET /v1/banks/:bank/entries" });
    function* lines(): Generator<string> {
      for (const entry of entries) yield `${JSON.stringify(shownEntry(entry, name, true))}\n`;
    }
    return reply.type("application/x-ndjson").send(Readable.from(lines(), { objectMode: false }));
  });
}

function changeRoutes(app: FastifyInstance, service: Service): void {
  const { banks, store } = service;
  /** Returns an entry that the caller may change. */
  const own = (request: FastifyRequest, name: EntryName | EntryNumber): EntryNumber => {
    const stored = "entryNumber" in name ? name : { ...name, bank: banks.get(name.bank).stored };
    const { entry, bank } = findEntry(service, stored);
    requireBank(service, request, "withdraw", bank);
    return { entryNumber: entry.entryNumber };
  };

  const release = route(
    "withdraw",
    "Release an entry: a quarantined one matches from now on, and a flooded one counts as before",
    { 200: doneSchema },
    { body: entryNameBody, idempotent: true },
  );
  app.post("/releases", release, async (request) => {
    const done = store.release(own(request, request.body as EntryName | EntryNumber));
    return { done, revision: store.revision };
  });

  const pause = route(
    "withdraw",
    "Pause an entry until a time, or end its pause",
    { 200: doneSchema },
    { body: pauseBody, idempotent: true },
  );
  app.post("/pauses", pause, async (request) => {
    const { entryNumber, until } = request.body as EntryNumber & { until: string | null };
    if (until !== null && Number.isNaN(Date.parse(until)))
      throw badRequest("until must be a time as ISO 8601, or null");
    const done = store.disable(own(request, { entryNumber }), until);
    return { done, revision: store.revision };
  });
}
