/** /v1/webhooks: the receivers of messages. */
import type { FastifyInstance } from "fastify";
import { badRequest, ServiceError } from "../core/errors.js";
import type { Service } from "../core/service.js";
import type { WebhookEvent } from "../operation/outbox.js";
import { nameText, route } from "./route.js";
import { doneSchema } from "./schemas/entries.js";
import { madeWebhookSchema, webhookBody, webhooksSchema } from "./schemas/service.js";

interface WebhookParams {
  Params: { id: string };
}

const params = { id: nameText("The id of the receiver.") };

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
    throw badRequest("url must be an address that begins with https: or http:, without a user");
  }
  return url.href;
}

export function webhookRoutes(app: FastifyInstance, service: Service): void {
  const { outbox, store, config } = service;

  app.get(
    "/webhooks",
    route("admin", "List the receivers, and what nobody took", { 200: webhooksSchema }),
    async () => ({
      webhooks: outbox.list(),
      dead: outbox.dead(),
    }),
  );

  const create = route("admin", "Register a receiver", { 201: madeWebhookSchema }, { body: webhookBody });
  app.post("/webhooks", create, async (request, reply) => {
    if (!config.webhooks) {
      throw new ServiceError(501, "ERR_EMPREINTE_DISABLED", "This service sends no webhooks (option webhooks)");
    }
    const { url, events } = request.body as { url: string; events: WebhookEvent[] };
    return reply
      .code(201)
      .header("cache-control", "no-store")
      .send(outbox.create(checkUrl(url), events));
  });

  app.delete<WebhookParams>(
    "/webhooks/:id",
    route("admin", "Remove a receiver", { 200: doneSchema }, { params }),
    async (request) => {
      outbox.remove(request.params.id);
      return { done: true, revision: store.revision };
    },
  );

  const retry = route("admin", "Send a receiver's dead letters again", { 200: doneSchema }, { params });
  app.post<WebhookParams>("/webhooks/:id/retry", retry, async (request) => {
    return { done: outbox.retry(request.params.id) > 0, revision: store.revision };
  });
}
