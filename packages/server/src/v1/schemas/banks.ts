/** Banks and sources. */
import { actions, bankName, flag, list, number, object, orientations, type Schema, text, whole } from "./parts.js";

const policyProperties = {
  radius: whole("The most differing bits of a match.", { minimum: 0, maximum: 256 }),
  minQuality: number("Below this quality nothing matches by distance.", { minimum: 0, maximum: 100 }),
  orientations: list({ type: "string", enum: orientations }, "Which orientations of an upload are searched."),
  labels: list({ type: "string" }, "Only entries with one of these labels match, as scheme:code."),
  action: { type: "string", enum: actions, description: "What a match asks for." },
  cropAction: { type: "string", enum: actions, description: "The most that a match by a crop asks for." },
  local: { type: "string", enum: ["review", "block"], description: "The most that a match by local points asks for." },
  minSharedSeconds: number("How many seconds a known video must share.", { minimum: 0 }),
  minShare: number("Which share a known video must share.", { minimum: 0, maximum: 1 }),
  matchRatio: number("The share of uploads for which the bank is searched.", { exclusiveMinimum: 0, maximum: 1 }),
  seed: whole("Decides which uploads these are.", { minimum: 0, maximum: 4_294_967_295 }),
  flood: object(
    { uploads: whole("Uploads.", { minimum: 1 }), seconds: whole("Seconds.", { minimum: 1 }) },
    ["uploads", "seconds"],
    "An entry that hits more different uploads in this time asks for a review at most.",
  ),
};
export const policyInput: Schema = object(policyProperties, [], "A policy. What is not given has its default.");
const policy = object(policyProperties, ["radius", "minQuality", "orientations", "action"], "How a bank decides.");

export const bankSchema: Schema = object(
  { name: bankName, purpose: text("What the bank is for."), negative: flag("Known false alarms."), policy },
  ["name", "purpose", "negative", "policy"],
  "A bank.",
);
export const newBankSchema: Schema = object(
  {
    name: bankName,
    purpose: text("What the bank is for.", { maxLength: 1024 }),
    negative: flag("Known false alarms."),
    policy: policyInput,
  },
  ["name"],
  "A new bank.",
);
export const banksSchema: Schema = object(
  { banks: list(bankSchema, "The banks.") },
  ["banks"],
  "All banks that the key may search.",
);

export const sourcesSchema: Schema = object(
  {
    sources: list(
      object(
        {
          bank: bankName,
          source: text("The source."),
          importCursor: text("What its last import gave to continue from."),
          active: whole("Entries that match."),
          quarantined: whole("Entries that are held back."),
          withdrawn: whole("Entries that were withdrawn."),
          signals: whole("Signals that a search finds."),
          ageSeconds: number("Seconds since its last import, or since it was last current."),
          stale: flag("Whether the program that fetches it says that it is stale."),
          stopped: text("Why that program has stopped."),
        },
        ["bank", "source", "active", "quarantined", "withdrawn", "signals"],
        "A source.",
      ),
      "The sources.",
    ),
  },
  ["sources"],
  "The sources of all banks that the key may search.",
);
