/** What HMA keeps beside an entry: the client's metadata and a note. It goes with the entry. */
import type { State } from "../core/state.js";
import { type Fields, message, text } from "./params.js";

export interface UserMetadata {
  content_id?: string;
  content_uri?: string;
  json?: Fields;
}

export interface ContentNotes {
  metadata: UserMetadata | undefined;
  note: string | undefined;
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw message(400, "metadata form field must be valid JSON");
  }
}

/** Reads metadata in both shapes that clients send: HMA's own, and an object that is meant as its `json`. */
function readMetadata(given: unknown): UserMetadata | undefined {
  const value = parsed(given);
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw message(400, "metadata should be a json object");
  const { content_id, content_uri, json, collab: _, ...others } = value;
  if (Object.keys(others).length > 0) return { json: value };
  for (const [name, one] of Object.entries({ content_id, content_uri })) {
    if (one !== undefined && one !== null && typeof one !== "string") {
      throw message(400, `Invalid metadata: ${name} should be a valid string`);
    }
  }
  if (json !== undefined && json !== null && !isObject(json)) {
    throw message(400, "Invalid metadata: json should be a valid dictionary");
  }
  const metadata = {
    ...(typeof content_id === "string" && { content_id }),
    ...(typeof content_uri === "string" && { content_uri }),
    ...(isObject(json) && { json }),
  };
  return Object.keys(metadata).length === 0 ? undefined : metadata;
}

/** Checks a note. "" and null are none. @throws {ServiceError} 400 */
export function readNote(note: unknown): string | undefined {
  if (note === undefined || note === null || note === "") return undefined;
  if (typeof note !== "string") throw message(400, "note should be a string");
  if ([...note].length > 255) throw message(400, "note must be at most 255 characters");
  return note;
}

/** Reads metadata and note from wherever a client puts them: the body, the form, or the query. */
export function readNotes(body: unknown, form: Record<string, string>, query: Fields): ContentNotes {
  const fields = isObject(body) ? body : {};
  return {
    metadata: readMetadata(fields["metadata"] ?? form["metadata"] ?? text(query, "metadata")),
    note: readNote(fields["note"] ?? form["note"] ?? text(query, "note")),
  };
}

/** The notes of entries in the state file. */
export class Notes {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  set(entry: number, { metadata, note }: ContentNotes): void {
    if (metadata === undefined && note === undefined) {
      this.remove([entry]);
      return;
    }
    const sql = `INSERT INTO hma_content (entry, metadata, note) VALUES (?, ?, ?)
      ON CONFLICT (entry) DO UPDATE SET metadata = excluded.metadata, note = excluded.note`;
    this.#state.run(sql, entry, metadata === undefined ? null : JSON.stringify(metadata), note ?? null);
  }

  get(entry: number): ContentNotes {
    const sql = "SELECT metadata, note FROM hma_content WHERE entry = ?";
    const [metadata, note] = this.#state.get<[string | null, string | null]>(sql, entry) ?? [null, null];
    return {
      metadata: metadata === null ? undefined : (JSON.parse(metadata) as UserMetadata),
      note: note ?? undefined,
    };
  }

  /** Removes the notes of entries that were withdrawn or erased. */
  remove(entries: readonly number[]): void {
    for (const entry of entries) this.#state.run("DELETE FROM hma_content WHERE entry = ?", entry);
  }

  /** The entries that have notes, so that those of entries that are gone can be removed. */
  entries(): number[] {
    return this.#state.all<[number]>("SELECT entry FROM hma_content").map(([entry]) => entry);
  }
}
