/** Entries, imports and removals. */
import { bankName, flag, label, list, number, object, type Schema, text, time, whole } from "./parts.js";

export const entrySchema: Schema = object(
  {
    entryNumber: whole("The store's number."),
    bank: bankName,
    source: text("The source."),
    entryId: text("The source's id."),
    status: { type: "string", enum: ["active", "quarantined", "withdrawn"], description: "Whether it matches." },
    reason: text("Why it is held back."),
    signals: list(
      object(
        {
          type: text("The type."),
          value: text("Lower-case hex."),
          quality: number("The quality."),
          crop: text("The crop."),
          frame: whole("The frame."),
          timestampSeconds: number("The frame's time."),
        },
        ["type", "value"],
        "A signal.",
      ),
      "The signals.",
    ),
    cropSignals: whole("Crops that are not in signals."),
    labels: list(label, "Labels."),
    cases: list({ type: "string" }, "Cases."),
    time,
    disabledUntil: time,
    flooded: flag("Whether it hit too many uploads."),
    since: whole("The revision that last changed it."),
  },
  ["entryNumber", "bank", "source", "status", "signals", "labels", "cases", "since"],
  "An entry as the store has it.",
);

const signalInput = object(
  {
    type: { type: "string", enum: ["pdq", "vpdq", "md5", "sha1", "sha256"], description: "The type." },
    value: text("Hexadecimal digits.", { minLength: 32, maxLength: 64 }),
    quality: number("The quality.", { minimum: 0, maximum: 100 }),
    crop: text("The crop.", { maxLength: 24 }),
    timestampSeconds: number("The frame's time.", { minimum: 0 }),
    frame: whole("The frame.", { minimum: 0 }),
  },
  ["type", "value"],
  "A signal.",
);
const entryInput = object(
  {
    id: text("The source's id, never a hash.", { minLength: 1, maxLength: 1024 }),
    signals: list(signalInput, "The signals.", { maxItems: 65_536 }),
    labels: list({ type: "string", maxLength: 300 }, "Labels as scheme:code.", { maxItems: 256 }),
    cases: list({ type: "string", maxLength: 1024 }, "Cases.", { maxItems: 256 }),
    status: { type: "string", enum: ["active", "withdrawn"], description: "Whether the source still has it." },
    time,
  },
  [],
  "An entry as its source has it.",
);
export const entriesBody: Schema = object(
  { entries: list(entryInput, "Entries.", { minItems: 1, maxItems: 8192 }) },
  ["entries"],
  "Entries to add or change.",
);

const problems = list(
  object(
    {
      entry: whole("Which entry."),
      line: whole("Which line."),
      byte: whole("Which byte."),
      code: text("A code."),
      reason: text("Why."),
    },
    ["reason"],
    "An entry that was not taken.",
  ),
  "The first 100 entries that were not taken.",
);
const countNames = [
  "added",
  "changed",
  "unchanged",
  "withdrawn",
  "quarantined",
  "stale",
  "refused",
  "problems",
  "cropsLeftOut",
  "weakFrames",
];
export const importAnswer: Schema = object(
  {
    counts: object(
      Object.fromEntries(countNames.map((name) => [name, whole(name)])),
      countNames,
      "What became of the entries.",
    ),
    problems,
    format: text("The format of the list."),
    revision: whole("The store's revision."),
  },
  ["counts", "problems", "revision"],
  "What an import did.",
);

export const selectionBody: Schema = {
  description: "Exactly one of: an entry, a source, a case, a hash.",
  oneOf: [
    object({ entryNumber: whole("The store's number.", { minimum: 1 }) }, ["entryNumber"], "One entry."),
    object(
      { bank: bankName, source: text("The source."), entryId: text("The source's id.") },
      ["bank", "source", "entryId"],
      "One entry.",
    ),
    object({ bank: bankName, source: text("The source.") }, ["bank", "source"], "All entries of a source."),
    object({ case: text("The case.") }, ["case"], "All entries of a case."),
    object(
      { hash: text("The hash or digest.", { pattern: "^[0-9A-Fa-f]{32,64}$" }), type: text("Its type.") },
      ["hash"],
      "Every entry that has or had a hash.",
    ),
  ],
};
export const removalSchema: Schema = object(
  {
    revision: whole("The revision."),
    entries: whole("Removed entries."),
    signals: whole("Zeroed values."),
    stoppedAfter: number("Milliseconds until no search finds them."),
    goneAfter: number("Milliseconds until the bytes were gone."),
  },
  ["revision", "entries", "signals", "stoppedAfter", "goneAfter"],
  "What a withdrawal or an erasure did.",
);

export const entryNameBody: Schema = {
  description: "An entry, by the store's number or by its source's id.",
  oneOf: [
    object({ entryNumber: whole("The store's number.", { minimum: 1 }) }, ["entryNumber"], "One entry."),
    object(
      { bank: bankName, source: text("The source."), entryId: text("The source's id.") },
      ["bank", "source", "entryId"],
      "One entry.",
    ),
  ],
};
export const liftBody: Schema = object(
  { bank: bankName, source: text("The source."), entryId: text("The source's id.") },
  ["bank", "source", "entryId"],
  "An entry that was withdrawn. The store has forgotten its number.",
);
export const pauseBody: Schema = object(
  {
    entryNumber: whole("The store's number.", { minimum: 1 }),
    until: { type: ["string", "null"], description: "ISO 8601, or null to end the pause." },
  },
  ["entryNumber", "until"],
  "A pause.",
);
export const doneSchema: Schema = object(
  { done: flag("Whether there was something to do."), revision: whole("The revision.") },
  ["done", "revision"],
  "What was done.",
);
