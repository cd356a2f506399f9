/**
 * Qualifications: what analysts have said about the content of an entry. The newest qualification of the same content
 * is suggested to the next analyst, with its author, its time and its distance. The analyst confirms or overrides it,
 * and the result is the next suggestion.
 */
import type { Orientation } from "../../hash/orientations.js";
import { invalidArgument } from "../../check.js";
import type { Audit } from "../inspect/audit.js";
import type { Database } from "../storage/database.js";
import type { Label } from "../../lists/entry.js";
import { logChange } from "../storage/change-log.js";
import { type LabelLike, labelName, labelsAt, labelsText, parseLabels } from "../storage/labels.js";
import { nextRevision } from "../storage/schema.js";
import { Texts } from "../storage/texts.js";
import { checkName, withdrawnStatus } from "../storage/names.js";

/** A suggestion that an analyst confirms or overrides. */
export interface Prequalification {
  /** Empty where an analyst found that no label applies. */
  labels: Label[];
  /** `"analyst"`: somebody has judged the same content. `"source"`: nobody has, and these are the source's labels. */
  kind: "analyst" | "source";
  /** The name of the analyst or of the source. */
  by: string;
  /** When they said it, in milliseconds since 1970. For a source: when the entry last changed in the store. */
  time?: number;
  /** How many bits differ between upload and entry; 0 also for the same bytes. */
  distance: number;
  /** The nearest orientation of the upload. */
  orientation: Orientation;
  /** The number of the entry with the same content. */
  entryNumber: number;
  /** The number of the earlier qualification. */
  qualification?: number;
}

/** What an analyst says about an upload. */
export interface QualifyInput {
  /** Empty where no label applies. */
  labels: readonly LabelLike[];
  /** The name of the analyst. Default: the `actor` that the store was opened for. */
  by?: string;
  /** At most 1,024 characters. It must not identify a person. */
  note?: string;
  /** Which of the decision's matches has the same content. Default: the nearest. */
  entryNumber?: number;
}

/** A recorded qualification. */
export interface Qualification {
  number: number;
  /** The number of the entry. */
  entryNumber: number;
  labels: Label[];
  by: string;
  /** The time in milliseconds since 1970. */
  time: number;
  /** What became of the suggestion. `"new"` means that there was none. */
  outcome: "new" | "confirmed" | "overridden";
  /** The number of the qualification that was suggested, if an analyst had made it. */
  suggestion?: number;
  /** How many bits differed between upload and entry. */
  distance: number;
  note?: string;
}

/** The newest qualification of an entry, or what its source says about it. */
export type Suggestion = Pick<Prequalification, "labels" | "kind" | "by" | "time" | "qualification">;

/** Returns the newest qualification of an entry at a revision. */
export function suggestionAt(database: Database, entry: number, revision: number): Suggestion | undefined {
  const row = database.get<[number, number, string, number]>(
    `SELECT id, labels, who, time FROM qualification WHERE entry = ?1 AND since <= ?2
     AND (until IS NULL OR until > ?2) ORDER BY id DESC LIMIT 1`,
    entry,
    revision,
  );
  if (row === undefined) return undefined;
  const [qualification, labels, by, time] = row;
  return { labels: labelsAt(new Texts(database), labels), kind: "analyst", by, time, qualification };
}

const sameLabels = (a: readonly Label[], b: readonly Label[]): boolean => {
  const [some, others] = [a, b].map((labels) => labels.map(labelName).sort().join("\n"));
  return some === others;
};

/** A qualification to be recorded. */
export interface NewQualification extends Pick<QualifyInput, "labels" | "note"> {
  entryNumber: number;
  by: string;
  distance: number;
  suggested: Prequalification | undefined;
}

/**
 * Records a qualification. Call it inside a transaction. Returns undefined if the store does not have the entry, or it
 * is withdrawn.
 * @throws {InvalidArgumentError}
 */
export function addQualification(
  database: Database,
  { entryNumber: entry, distance, suggested, ...given }: NewQualification,
  audit: Audit,
): Qualification | undefined {
  if (!Array.isArray(given.labels)) throw invalidArgument("labels", "array of labels", given.labels);
  const { note } = given;
  if (note !== undefined && (typeof note !== "string" || note.length > 1024)) {
    throw invalidArgument("note", "text of at most 1024 characters", note);
  }
  const by = checkName("by", given.by);
  const text = labelsText(given.labels);
  const labels = parseLabels(text);
  const sql = `SELECT 1 FROM entry WHERE id = ? AND status <> ${withdrawnStatus}`;
  if (database.get(sql, entry) === undefined) return undefined;
  const outcome = suggested === undefined ? "new" : sameLabels(suggested.labels, labels) ? "confirmed" : "overridden";
  const revision = nextRevision(database);
  const time = Date.now();
  const suggestion = suggested?.qualification;
  const texts = new Texts(database);
  const [number] = database.get<[number]>(
    `INSERT INTO qualification (entry, since, time, who, labels, outcome, suggestion, distance, note)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    entry,
    revision,
    time,
    by,
    texts.add(text),
    outcome,
    suggestion ?? null,
    distance,
    note === undefined ? null : texts.add(note),
  )!;
  texts.flush();
  logChange(database, revision, "qualified", [entry]);
  audit("qualify", { entryNumber: entry, by, outcome, distance, qualification: number });
  const rest = { ...(suggestion !== undefined && { suggestion }), distance, ...(note !== undefined && { note }) };
  return { number, entryNumber: entry, labels, by, time, outcome, ...rest };
}

type Row = [number, number, string, number, Qualification["outcome"], number | null, number, number | null];

/** Returns every qualification of an entry, oldest first. */
export function qualificationsOf(database: Database, entry: number): Qualification[] {
  const rows = database.all<Row>(
    "SELECT id, labels, who, time, outcome, suggestion, distance, note FROM qualification WHERE entry = ? ORDER BY id",
    entry,
  );
  const texts = new Texts(database);
  return rows.map(([number, labels, by, time, outcome, suggestion, distance, note]) => ({
    number,
    entryNumber: entry,
    labels: labelsAt(texts, labels),
    by,
    time,
    outcome,
    ...(suggestion !== null && { suggestion }),
    distance,
    ...(note !== null && { note: texts.read(note) }),
  }));
}

/** Ends the qualifications of an entry that gets another content at this revision. Call it inside the transaction. */
export function endQualifications(database: Database, entry: number, revision: number): void {
  database.run("UPDATE qualification SET until = ? WHERE entry = ? AND until IS NULL", revision, entry);
}
