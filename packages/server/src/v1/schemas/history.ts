/** Changes and the audit log. */
import { list, number, object, open, type Schema, text, whole } from "./parts.js";

export const changesSchema: Schema = object(
  {
    revision: whole("The store's revision."),
    next: whole("What to give as since next time."),
    changes: list(
      object(
        {
          revision: whole("The revision."),
          kind: text("What happened."),
          bank: text("The bank."),
          source: text("The source."),
          entryNumber: whole("The entry."),
          entryId: text("The source's id."),
        },
        ["revision", "kind"],
        "A change.",
      ),
      "The changes, oldest first.",
    ),
  },
  ["revision", "next", "changes"],
  "What changed.",
);
export const auditSchema: Schema = object(
  {
    records: list(
      object(
        {
          number: whole("The number of the record."),
          time: number("Milliseconds since 1970."),
          who: text("Who did it."),
          what: text("What was done."),
          revision: whole("The revision after it."),
          detail: open("Depends on what."),
        },
        ["number", "time", "who", "what", "revision", "detail"],
        "A record.",
      ),
      "The records, oldest first.",
    ),
  },
  ["records"],
  "The store's audit log.",
);
