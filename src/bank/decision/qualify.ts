/**
 * What analysts have said of the content of an entry, and what is suggested to the next one: the earlier qualification of
 * the same content, by whom, when, and how near. A suggestion is confirmed or overridden; the outcome is the next suggestion.
 */
import type { Orientation } from "../../hash/orientations.js";
import { invalidArgument } from "../../check.js";
import type { Audit } from "../inspect/audit.js";
import type { Database } from "../storage/database.js";
import { type Label, type LabelLike, labelName, labelsText } from "../storage/labels.js";
import { nextRevision } from "../storage/schema.js";
import { logChange, name, withdrawnStatus } from "../storage/names.js";

/** A suggestion, for an analyst to confirm or to override. */
export interface Prequalification {
  /** Empty: an analyst found that none applies. */
  labels: Label[];
  /** `analyst`: somebody has looked at the same content; `source`: nobody has, and the source's own labels stand in. */
  kind: "analyst" | "source";
  /** The analyst, or the source. */
  by: string;
  /** When: milliseconds since 1970. Of a source: when the store last changed the entry, where that is known. */
  time?: number;
  /** How near the entry is: differing bits; 0 also for the same bytes. */
  distance: number;
  /** Which image of the upload is nearest; undefined for the same bytes. */
  orientation?: Orientation;
  /** The entry's number. */
  entryNumber: number;
  /** The earlier qualification's number. */
  qualification?: number;
}

/** What an analyst says of an upload. */
export interface QualifyInput {
  /** Empty: none applies. */
  labels: readonly LabelLike[];
  /** Who says so. Default: who opened the store, `BankOpenOptions.actor`. */
  by?: string;
  /** At most 1,024 characters. Not for what tells of a person. */
  note?: string;
  /** The number of the entry that has the same content, one of the decision's. Default: the nearest. */
  entryNumber?: number;
}

export type QualificationOutcome = "new" | "confirmed" | "overridden";

export interface Qualification {
  number: number;
  /** The entry's number. */
  entryNumber: number;
  labels: Label[];
  by: string;
  /** Milliseconds since 1970. */
  time: number;
  /** What became of the suggestion; `"new"`: there was none. */
  outcome: QualificationOutcome;
  /** The qualification that was suggested, where an analyst had made it. */
  suggestion?: number;
  /** How near the upload was. */
  distance: number;
  note?: string;
}

/** An entry's newest qualification at a revision, or what its source says of it. */
export type Suggestion = Pick<Prequalification, "labels" | "kind" | "by" | "time" | "qualification">;

export function suggestionAt(database: Database, entry: number, revision: number): Suggestion | undefined {
  const row = database.get<[number, string, string, number]>(
    `SELECT id, labels, who, time FROM qualification WHERE entry = ?1 AND since <= ?2
     AND (until IS NULL OR until > ?2) ORDER BY id DESC LIMIT 1`,
    entry,
    revision,
  );
  if (row === undefined) return undefined;
  const [qualification, labels, by, time] = row;
  return { labels: JSON.parse(labels) as Label[], kind: "analyst", by, time, qualification };
}

export const timeOfRevision = (database: Database, revision: number): number | undefined =>
  database.get<[number]>("SELECT time FROM moment WHERE revision = ?", revision)?.[0];

const sameLabels = (a: readonly Label[], b: readonly Label[]): boolean => {
  const [some, others] = [a, b].map((labels) => labels.map(labelName).sort().join("\n"));
  return some === others;
};

/** In a transaction. Undefined: the entry is not there, or was withdrawn. */
export function addQualification(
  database: Database,
  entry: number,
  distance: number,
  given: Pick<QualifyInput, "labels" | "note"> & { by: string },
  suggested: Prequalification | undefined,
  audit: Audit,
): Qualification | undefined {
  if (!Array.isArray(given.labels)) throw invalidArgument("labels", "array of labels", given.labels);
  const { note } = given;
  if (note !== undefined && (typeof note !== "string" || note.length > 1024)) {
    throw invalidArgument("note", "text of at most 1024 characters", note);
  }
  const by = name("by", given.by);
  const text = labelsText(given.labels);
  const labels = JSON.parse(text) as Label[];
  const sql = `SELECT 1 FROM entry WHERE id = ? AND status <> ${withdrawnStatus}`;
  if (database.get(sql, entry) === undefined) return undefined;
  const outcome = suggested === undefined ? "new" : sameLabels(suggested.labels, labels) ? "confirmed" : "overridden";
  const revision = nextRevision(database);
  const time = Date.now();
  const suggestion = suggested?.qualification;
  const [number] = database.get<[number]>(
    `INSERT INTO qualification (entry, since, time, who, labels, outcome, suggestion, distance, note)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    entry,
    revision,
    time,
    by,
    text,
    outcome,
    suggestion ?? null,
    distance,
    note ?? null,
  )!;
  logChange(database, revision, "qualified", [entry]);
  audit("qualify", { entry, by, labels: labels.map(labelName), outcome, distance, qualification: number });
  const rest = { ...(suggestion !== undefined && { suggestion }), distance, ...(note !== undefined && { note }) };
  return { number, entryNumber: entry, labels, by, time, outcome, ...rest };
}

type Row = [number, string, string, number, QualificationOutcome, number | null, number, string | null];

/** All that was ever said of an entry's content, oldest first. */
export function qualificationsOf(database: Database, entry: number): Qualification[] {
  const rows = database.all<Row>(
    "SELECT id, labels, who, time, outcome, suggestion, distance, note FROM qualification WHERE entry = ? ORDER BY id",
    entry,
  );
  return rows.map(([number, labels, by, time, outcome, suggestion, distance, note]) => ({
    number,
    entryNumber: entry,
    labels: JSON.parse(labels) as Label[],
    by,
    time,
    outcome,
    ...(suggestion !== null && { suggestion }),
    distance,
    ...(note !== null && { note }),
  }));
}

/** The entry has another content from this revision on. In its transaction. */
export function endQualifications(database: Database, entry: number, revision: number): void {
  database.run("UPDATE qualification SET until = ? WHERE entry = ? AND until IS NULL", revision, entry);
}
