/** Options that several bank commands share. Nothing of the library is imported here. */

/** The option of every command that changes a store. */
export const actorOption = {
  actor: {
    type: "text",
    value: "NAME",
    does: "Write NAME into the audit log as the person who did it.",
    defaultText: "the system's user",
  },
} as const;

/** The options that name a source. */
export const sourceOptions = {
  bank: { type: "text", value: "BANK", does: "The bank." },
  source: { type: "text", value: "SOURCE", needs: ["bank"], does: "The source in that bank." },
} as const;

export const jsonOption = { json: { type: "flag", does: "Print JSON Lines." } } as const;

/** The rules by which a bank decides. */
export const policyOptions = {
  action: {
    type: "choice",
    value: "ACTION",
    choices: ["block", "review", "log"],
    group: "Policy",
    does: "The action of a match: `block`, `review` or `log`.",
    defaultText: "review",
  },
  "crop-action": {
    type: "choice",
    value: "ACTION",
    choices: ["block", "review", "log"],
    group: "Policy",
    does: "The strongest action of a match by the hash of a crop: `block`, `review` or `log`.",
    defaultText: "review",
  },
  local: {
    type: "choice",
    value: "ACTION",
    choices: ["off", "review", "block"],
    group: "Policy",
    does: "Use local records at level thorough: `off`, for `review` at most, or `block` for the action of the policy.",
    defaultText: "off",
  },
  "min-shared-seconds": {
    type: "number",
    value: "S",
    least: 0,
    most: 1000000,
    group: "Policy",
    does: "A known video matches if its segments cover at least S seconds of the upload.",
    defaultText: "0",
  },
  "min-share": {
    type: "number",
    value: "R",
    least: 0,
    most: 1,
    group: "Policy",
    does: "A known video matches if its segments cover at least this share of the upload or of the known video.",
    defaultText: "0",
  },
  radius: {
    type: "integer",
    value: "N",
    least: 0,
    most: 256,
    group: "Policy",
    does: "Match hashes that differ in at most N bits.",
    defaultText: "31",
  },
  "min-quality": {
    type: "integer",
    value: "N",
    least: 0,
    most: 100,
    group: "Policy",
    does: "Match nothing below this quality by distance.",
    defaultText: "50",
  },
  orientations: {
    type: "text",
    value: "NAMES",
    group: "Policy",
    does: "Which orientations of an upload are searched, separated by commas.",
    defaultText: "all",
  },
  labels: {
    type: "text",
    value: "NAMES",
    group: "Policy",
    does: "Match only entries with one of these labels, separated by commas: `scheme:code`.",
    defaultText: "all",
  },
  "match-ratio": {
    type: "number",
    value: "R",
    least: 0,
    most: 1,
    group: "Policy",
    does: "The share of uploads that are compared with the bank, above 0.",
    defaultText: "1",
  },
  seed: {
    type: "integer",
    value: "N",
    least: 0,
    most: 4294967295,
    group: "Policy",
    does: "The seed that chooses the uploads for --match-ratio.",
    defaultText: "0",
  },
  flood: {
    type: "text",
    value: "N/S",
    group: "Policy",
    does: "An entry that matches more than N different uploads within S seconds leads to review at most, until it is released.",
    defaultText: "none",
  },
} as const;

export const fileArgument = { does: "The store." } as const;

/** Exit statuses of commands that find nothing. */
export const doneStatuses = { 0: "It is done.", 2: "Something failed." } as const;
