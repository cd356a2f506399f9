/** The feed of a bank. */
import { bankName, flag, list, number, object, type Schema, text, time, whole } from "./parts.js";

const signal = object(
  {
    type: text("The type."),
    value: text("Lower-case hex."),
    quality: number("The quality."),
    frame: whole("The frame."),
    timestampSeconds: number("The frame's time."),
  },
  ["type", "value"],
  "A signal. Crops are not given.",
);
const label = object(
  { scheme: text("The scheme."), version: text("Its version."), code: text("The code.") },
  ["scheme", "code"],
  "A label.",
);

export const feedSchema: Schema = object(
  {
    bank: bankName,
    entries: list(
      object(
        {
          entryNumber: whole("The store's number, which it never uses again."),
          status: { type: "string", enum: ["active", "quarantined", "withdrawn"], description: "Whether it matches." },
          signals: list(signal, "The signals; a withdrawn entry has none."),
          labels: list(label, "Labels."),
          cases: list({ type: "string" }, "Cases."),
          time,
        },
        ["entryNumber", "status", "time"],
        "An entry as it is now.",
      ),
      "The entries.",
    ),
    position: text("Where the next page begins. It never expires."),
    more: flag("Whether there is more now."),
  },
  ["bank", "entries", "position", "more"],
  "A page of the feed.",
);
