/** Withdrawals, erasures, and what revokes them. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { EntryName, Selection } from "empreinte/bank";
import { notFound } from "../core/errors.js";
import { removeEntries } from "../core/removals.js";
import type { Service } from "../core/service.js";
import { requireBank, requireScope } from "../http/authenticate.js";
import { route } from "./route.js";
import { doneSchema, liftBody, removalSchema, selectionBody } from "./schemas/entries.js";

const removals = [
  {
    path: "/withdrawals",
    kind: "withdraw",
    summary:
      "Withdraw entries. Once this answers, no search of any process finds them, and their hashes are gone from the files",
  },
  {
    path: "/erasures",
    kind: "erase",
    summary: "Withdraw entries and delete what is known of them. A keyed digest of their ids stays",
  },
] as const;

export function removalRoutes(app: FastifyInstance, service: Service): void {
  const { store, banks } = service;

  /** Returns the selection in the store's names, of what the caller may withdraw. */
  const allowed = (request: FastifyRequest, selection: Selection): Selection => {
    if ("entryNumber" in selection) {
      const entry = store.entry(selection);
      const bank = entry === undefined ? undefined : banks.namer()(entry.bank);
      if (bank === undefined) throw notFound("There is no such entry");
      requireBank(service, request, "withdraw", bank);
      return selection;
    }
    if ("bank" in selection) {
      requireBank(service, request, "withdraw", selection.bank);
      return { ...selection, bank: banks.get(selection.bank).stored };
    }
    // A case or a hash may have entries in any bank.
    requireScope(service, request, request.principal.scopes.hasAll("withdraw"), "withdraw");
    return selection;
  };

  for (const { path, kind, summary } of removals) {
    const options = route("withdraw", summary, { 200: removalSchema }, { body: selectionBody, idempotent: true });
    app.post(path, options, (request) => removeEntries(service, kind, allowed(request, request.body as Selection)));
  }

  const lift = route(
    "withdraw",
    "Revoke a withdrawal or an erasure, so that the source may add the entry again",
    { 200: doneSchema },
    { body: liftBody, idempotent: true },
  );
  app.post("/lifts", lift, async (request) => {
    const name = request.body as EntryName;
    requireBank(service, request, "withdraw", name.bank);
    return { done: store.lift({ ...name, bank: banks.get(name.bank).stored }), revision: store.revision };
  });
}
