/** Keys, webhooks and the status. */
import { webhookEvents } from "../../operation/outbox.js";
import { flag, list, number, object, open, type Schema, text, time, whole } from "./parts.js";

export const keySchema: Schema = object(
  {
    id: text("Its id."),
    label: text("What it is for."),
    scopes: list({ type: "string" }, "What it may do."),
    created: time,
    expires: time,
    revoked: time,
    hashLookupsPerMinute: whole("Its rate."),
  },
  ["id", "label", "scopes", "created"],
  "A key.",
);
export const newKeyBody: Schema = object(
  {
    label: text("What it is for.", { minLength: 1, maxLength: 256 }),
    scopes: list({ type: "string", maxLength: 300 }, "What it may do.", { minItems: 1, maxItems: 64 }),
    expires: time,
    hashLookupsPerMinute: whole("Its rate; 0 for none.", { minimum: 0, maximum: 10_000_000 }),
  },
  ["label", "scopes"],
  "A new key.",
);
export const rotateBody: Schema = object(
  { overlapSeconds: number("How long the old key still works.", { minimum: 0, maximum: 31_622_400 }) },
  [],
  "A rotation.",
);
export const madeKeySchema: Schema = object(
  { key: text("The key, shown only now."), info: keySchema },
  ["key", "info"],
  "A new key.",
);
export const keysSchema: Schema = object({ keys: list(keySchema, "The keys.") }, ["keys"], "All keys.");
export const accessSchema: Schema = object(
  {
    denied: list(
      open("A refused call: time, who, remote, route, reason, count."),
      "Refused calls by minute, newest first.",
    ),
    keys: list(open("What was done with keys: time, who, what, detail."), "Changes of keys, newest first."),
  },
  ["denied", "keys"],
  "Who was let in and who was not.",
);

export const webhookBody: Schema = object(
  {
    url: text("Where to send it: https, or http.", { maxLength: 2048 }),
    events: list({ type: "string", enum: webhookEvents }, "Which events.", {
      minItems: 1,
      maxItems: webhookEvents.length,
    }),
  },
  ["url", "events"],
  "A receiver.",
);
export const webhookSchema: Schema = object(
  {
    id: text("Its id."),
    url: text("Where it is sent."),
    events: list({ type: "string" }, "Which events."),
    created: time,
  },
  ["id", "url", "events", "created"],
  "A receiver.",
);
export const madeWebhookSchema: Schema = object(
  { webhook: webhookSchema, secret: text("The secret, shown only now.") },
  ["webhook", "secret"],
  "A new receiver.",
);
export const webhooksSchema: Schema = object(
  { webhooks: list(webhookSchema, "The receivers."), dead: list(open("A message that nobody took."), "Dead letters.") },
  ["webhooks", "dead"],
  "Receivers and dead letters.",
);
export const statusSchema: Schema = object(
  {
    ready: flag("Whether it is ready."),
    reasons: list({ type: "string" }, "Why it is not."),
    revision: whole("The store's revision."),
    signals: whole("Signals that a search finds."),
    sources: list(open("A source with its age."), "The sources."),
    version: text("The version."),
  },
  ["ready", "reasons", "revision", "signals", "sources", "version"],
  "What is served.",
);
