/** The feed of a bank: how another server follows it. */
import type { FastifyInstance } from "fastify";
import { Feed, type FeedFilter } from "../core/feed.js";
import type { Service } from "../core/service.js";
import { requireBank } from "../http/authenticate.js";
import { bankParam, type BankParams } from "./banks.js";
import { nameText, route, textOf, wholeOf, wholeText } from "./route.js";
import { feedSchema } from "./schemas/feed.js";

const mostEntries = 8192;

export function feedRoute(app: FastifyInstance, service: Service): void {
  const { store, banks } = service;
  const feed = route(
    "share",
    "Follow a bank: its entries with their hashes, then what changed. The audit log has a record of it",
    { 200: feedSchema },
    {
      params: bankParam,
      querystring: {
        source: nameText("Only of this source."),
        position: {
          type: "string",
          maxLength: 128,
          description: "What the page before gave. Without it: the first page.",
        },
        limit: wholeText("The most entries, 1 to 8,192. Default 1,000."),
      },
    },
  );
  app.get<BankParams>("/banks/:bank/feed", feed, async (request) => {
    const { name, stored } = banks.get(request.params.bank);
    requireBank(service, request, "share", name);
    const source = textOf(request.query, "source");
    const position = textOf(request.query, "position");
    const filter: FeedFilter = { bank: stored, ...(source !== undefined && { source }) };
    const limit = Math.max(1, wholeOf(request.query, "limit", 1000, mostEntries));
    const page = new Feed(store, filter).page(position, limit);
    if (position === undefined || page.entries.length > 0) {
      store.recordExport({ ...filter, to: "GET /v1/banks/:bank/feed" });
    }
    return { bank: name, ...page };
  });
}
