/** Checks, decisions and what is said of them. */
import {
  actions,
  bankName,
  flag,
  hashPattern,
  label,
  list,
  number,
  object,
  open,
  orientations,
  region,
  type Schema,
  text,
  whole,
} from "./parts.js";

const prequalification = object(
  {
    labels: list(label, "Labels."),
    kind: { type: "string", enum: ["analyst", "source"], description: "Who said it." },
    by: text("The analyst or the source."),
    time: number("Milliseconds since 1970."),
    distance: whole("Differing bits."),
    orientation: { type: "string", enum: orientations, description: "The nearest orientation." },
    entryNumber: whole("The entry with the same content."),
    qualification: whole("The number of the earlier qualification."),
  },
  ["labels", "kind", "by", "distance", "orientation", "entryNumber"],
  "Earlier assessments of the same content.",
);

const decisionMatch = {
  ...object(
    {
      bank: bankName,
      negative: flag("Whether the bank is one of false alarms."),
      source: text("The source."),
      entryId: text("The source's id."),
      entryNumber: whole("The store's number of the entry."),
      signal: whole("The store's number of the signal."),
      hash: text("The first 8 digits of the signal's value."),
      type: { type: "string", enum: ["pdq", "vpdq", "md5", "sha1", "sha256"], description: "The type of the signal." },
      kind: { type: "string", enum: ["near", "exact", "copy", "video", "local"], description: "How it was found." },
      distance: whole("Differing bits.", { minimum: 0, maximum: 256 }),
      orientation: { type: "string", enum: orientations, description: "The orientation of the upload." },
      tier: { type: "string", enum: ["match", "review"], description: "Whether a machine may act on it." },
      view: text("The view of the upload."),
      region,
      supportCount: whole("How many views, or local points, agree."),
      local: open("What local points have in common."),
      timestampSeconds: number("The time of the upload's frame."),
      trimmed: flag("Whether frames match without what surrounds them."),
      segments: list(open("A stretch."), "The stretches that a video shares."),
      queryShare: number("The share of the upload."),
      knownShare: number("The share of the known video."),
      quality: number("The quality of the signal."),
      crop: text("The name of the crop."),
      labels: list(label, "The entry's labels."),
      action: { type: "string", enum: actions, description: "What the match asks for." },
      flooded: flag("Whether it hit too many uploads."),
      suppressed: flag("Whether a false alarm suppresses it."),
      rule: text("Why it counts, in words."),
    },
    ["bank", "source", "entryNumber", "distance", "kind", "type", "action", "suppressed", "rule"],
    "An entry that matches.",
  ),
  additionalProperties: true,
};

const decisionParts = {
  action: { type: "string", enum: [...actions, "none"], description: "The strongest action that a match asks for." },
  matches: list(decisionMatch, "The entries that match, nearest first."),
  reasons: list({ type: "string" }, "What decided, one sentence each."),
  revision: whole("The store's revision."),
  time: number("Milliseconds since 1970."),
  prequalification,
  query: open("What was looked up, with whole hashes. Keep a decision as carefully as the store."),
};
const decisionNames = ["action", "matches", "reasons", "revision", "time", "query"];

export const decisionSchema: Schema = object(decisionParts, decisionNames, "What the policies decide.");

const part = text(
  "Which part of the upload it is about: stream-1 for the second video stream, embedded for the video behind an image. " +
    "It is absent for an image, and for the first stream of a video.",
  { pattern: "^(embedded|(embedded-)?stream-[0-9]+)$" },
);
const partSchema = object({ ...decisionParts, part }, decisionNames, "What the policies decide about a part.");
const uploadSchema = object(
  {
    ...decisionParts,
    part,
    parts: list(partSchema, "The decisions about the other parts of the upload, those that ask for most first.", {
      minItems: 1,
    }),
    incomplete: list({ type: "string" }, "What of the upload was not looked at, one sentence each.", { minItems: 1 }),
  },
  decisionNames,
  "What the policies decide about an upload: the decision about the part that asks for most.",
);

const digests = object(
  {
    md5: text("MD5.", { pattern: "^[0-9A-Fa-f]{32}$" }),
    sha1: text("SHA-1.", { pattern: "^[0-9A-Fa-f]{40}$" }),
    sha256: text("SHA-256.", { pattern: hashPattern }),
  },
  [],
  "Digests of the file's bytes.",
);
export const hashQuerySchema: Schema = object(
  {
    hash: text("The PDQ hash: 64 hexadecimal digits.", { pattern: hashPattern }),
    quality: number("The hash's quality. Default 100.", { minimum: 0, maximum: 100 }),
    stable: flag("Whether the hash is more than rounding noise. Default true."),
    orientations: {
      type: "object",
      description: "The hashes of all eight orientations, which are then searched.",
      properties: Object.fromEntries(orientations.map((name) => [name, text("A hash.", { pattern: hashPattern })])),
      required: orientations,
      additionalProperties: false,
    },
    digests,
  },
  [],
  "Hashes of an image. One of hash and digests is needed.",
);

export const checkBody: Schema = object(
  { queries: list(hashQuerySchema, "Hashes, each decided by itself.", { minItems: 1, maxItems: 1000 }) },
  ["queries"],
  "Hashes to decide about.",
);
export const checkAnswer: Schema = {
  oneOf: [
    uploadSchema,
    object(
      { decisions: list(decisionSchema, "One decision for each query.") },
      ["decisions"],
      "Decisions about hashes.",
    ),
  ],
};

export const explainBody: Schema = object(
  { decision: open("A decision as /v1/check answered it.") },
  ["decision"],
  "A decision.",
);
export const explanationSchema: Schema = object(
  {
    same: flag("Whether the repetition gave the same."),
    decision: decisionSchema,
    gone: list({ type: "integer" }, "Entries that were removed since."),
  },
  ["same", "decision", "gone"],
  "A decision, made again.",
);
export const qualifyBody: Schema = object(
  {
    decision: open("A decision as /v1/check answered it."),
    labels: list({ type: "string", maxLength: 300 }, "Labels as scheme:code; none where no label applies.", {
      maxItems: 64,
    }),
    by: text("The analyst.", { minLength: 1, maxLength: 256 }),
    note: text("At most 1,024 characters, which must not identify a person.", { maxLength: 1024 }),
    entryNumber: whole("Which match has the same content. Default: the nearest."),
  },
  ["decision", "labels"],
  "What an analyst says.",
);
export const qualificationSchema: Schema = object(
  {
    number: whole("Its number."),
    entryNumber: whole("The entry."),
    labels: list(label, "Labels."),
    by: text("The analyst."),
    time: number("Milliseconds since 1970."),
    outcome: {
      type: "string",
      enum: ["new", "confirmed", "overridden"],
      description: "What became of the suggestion.",
    },
    suggestion: whole("The suggested qualification."),
    distance: whole("Differing bits."),
    note: text("The note."),
  },
  ["number", "entryNumber", "labels", "by", "time", "outcome", "distance"],
  "A recorded qualification.",
);
