/** The JSON schemas of /v1, from which its document and its checks of bodies are made. */

export type Schema = Record<string, unknown>;

const text = (description: string, more: Schema = {}): Schema => ({ type: "string", description, ...more });
const whole = (description: string, more: Schema = {}): Schema => ({ type: "integer", description, ...more });
const number = (description: string, more: Schema = {}): Schema => ({ type: "number", description, ...more });
const flag = (description: string): Schema => ({ type: "boolean", description });
const list = (items: Schema, description: string, more: Schema = {}): Schema => ({
  type: "array",
  items,
  description,
  ...more,
});
const open = (description: string): Schema => ({ type: "object", description, additionalProperties: true });

/** An object that has these properties and no other. */
function object(properties: Record<string, Schema>, required: readonly string[], description: string): Schema {
  return { type: "object", properties, required, additionalProperties: false, description };
}

const hashPattern = "^[0-9A-Fa-f]{64}$";
const orientations = ["orig", "rot90", "rot180", "rot270", "flipX", "flipY", "flipPlus1", "flipMinus1"];
const actions = ["block", "review", "log"];
const bankName = text("The name of a bank.", { minLength: 1, maxLength: 256 });
const time = text("ISO 8601.");
const label = object({ scheme: text("The scheme."), code: text("The code.") }, ["scheme", "code"], "A label.");
const region = {
  type: "array",
  items: { type: "array", items: { type: "number" } },
  description: "The corners of the view.",
};

export const problemSchema: Schema = object(
  {
    type: text("A URI of the kind of problem."),
    title: text("The status in words."),
    status: whole("The HTTP status."),
    detail: text("What went wrong, in a sentence. A hash in it has 8 digits."),
    code: text("A stable code: ERR_EMPREINTE_…"),
  },
  ["type", "title", "status", "detail", "code"],
  "An error, as RFC 9457 has it.",
);

const policyProperties = {
  radius: whole("The most differing bits of a match.", { minimum: 0, maximum: 256 }),
  minQuality: number("Below this quality nothing matches by distance.", { minimum: 0, maximum: 100 }),
  orientations: list({ type: "string", enum: orientations }, "Which orientations of an upload are searched."),
  labels: list({ type: "string" }, "Only entries with one of these labels match, as scheme:code."),
  action: { type: "string", enum: actions, description: "What a match asks for." },
  cropAction: { type: "string", enum: actions, description: "The most that a match by a crop asks for." },
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
          ageSeconds: number("Seconds since its last import."),
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
  "What was said before of the same content.",
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
      kind: { type: "string", enum: ["near", "exact", "copy", "video"], description: "How it was found." },
      distance: whole("Differing bits.", { minimum: 0, maximum: 256 }),
      orientation: { type: "string", enum: orientations, description: "The orientation of the upload." },
      tier: { type: "string", enum: ["match", "review"], description: "Whether a machine may act on it." },
      view: text("The view of the upload."),
      region,
      supportCount: whole("How many views agree."),
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

export const decisionSchema: Schema = object(
  {
    action: { type: "string", enum: [...actions, "none"], description: "The strongest action that a match asks for." },
    matches: list(decisionMatch, "The entries that match, nearest first."),
    reasons: list({ type: "string" }, "What decided, one sentence each."),
    revision: whole("The store's revision."),
    time: number("Milliseconds since 1970."),
    prequalification,
    query: open("What was looked up, with whole hashes. Keep a decision as carefully as the store."),
  },
  ["action", "matches", "reasons", "revision", "time", "query"],
  "What the policies decide.",
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
    decisionSchema,
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
    events: list(
      { type: "string", enum: ["match.block", "match.review", "withdrawal.done", "bank.flooded"] },
      "Which events.",
      { minItems: 1, maxItems: 5 },
    ),
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
