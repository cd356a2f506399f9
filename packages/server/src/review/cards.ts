/** The queue: a card for each upload that needs a person, and one for all near copies of it. */
import { hashDistance } from "empreinte";
import type { Decision, DecisionMatch } from "empreinte/bank";
import type { Config } from "../config/options.js";
import { notFound } from "../core/errors.js";
import { Secrets } from "../core/secrets.js";
import type { State, Value } from "../core/state.js";
import { partName, type VideoPart } from "../core/video-parts.js";

/** What is known of an upload beside its decision. */
export interface Upload {
  kind: "image" | "video";
  /** What the platform calls the upload. It is sent back with the outcome, and fetches the media. */
  reference?: string | undefined;
  /** A preview as PNG, of some colours only. */
  preview?: Uint8Array | undefined;
  /** Which of the upload's videos it is. Undefined for an image. */
  part?: VideoPart | undefined;
}

/** The decision of a card, with the part of the upload that it is about. */
export type CardDecision = Decision & Pick<Upload, "part">;

export type CardState = "open" | "decided" | "disputed";

export interface Card {
  number: number;
  /** The number of the nearest entry. */
  entry: number;
  kind: Upload["kind"];
  /** The store's names of the banks that match. */
  banks: string[];
  /** The time of creation in milliseconds since 1970. */
  created: number;
  due: number;
  uploads: number;
  state: CardState;
  hasPreview: boolean;
  /** Who has it open just now, and since when. */
  claimant: string | undefined;
  claimed: number;
  decided: number | undefined;
  /** The labels that were agreed on, once it is decided. */
  labels: string[] | undefined;
}

type Row = [
  number: number,
  entry: number,
  kind: Upload["kind"],
  banks: string,
  created: number,
  due: number,
  uploads: number,
  state: CardState,
  hasPreview: number,
  claimant: string | null,
  claimed: number,
  decided: number | null,
  labels: string | null,
];
const columns =
  "number, entry, kind, banks, created, due, uploads, state, preview IS NOT NULL, claimant, claimed, decided, labels";

const cardOf = (row: Row): Card => {
  const [number, entry, kind, banks, created, due, uploads, state, preview, claimant, claimed, decided, labels] = row;
  return {
    number,
    entry,
    kind,
    banks: JSON.parse(banks) as string[],
    created,
    due,
    uploads,
    state,
    hasPreview: preview === 1,
    claimant: claimant ?? undefined,
    claimed,
    decided: decided ?? undefined,
    labels: labels === null ? undefined : (JSON.parse(labels) as string[]),
  };
};

/** Within so many bits two uploads are one card. It is half of what counts as a match of a known hash. */
const nearBits = 15;
/** So many cards of one entry are compared with a new upload. */
const mostCompared = 50;
/** A card keeps so many references. */
const mostReferences = 1000;

/** Returns the matches that ask for something, nearest first. */
export const countedMatches = ({ matches }: Decision): DecisionMatch[] =>
  matches.filter(({ negative, suppressed }) => !negative && !suppressed);

/** Whether two uploads have nearly the same content, in whatever orientation. */
function isNear(a: Decision["query"], b: Decision["query"]): boolean {
  if (a.video !== undefined || b.video !== undefined) return a.video?.key === b.video?.key;
  if (a.hash !== undefined && b.hash !== undefined) {
    const hash = b.hash;
    const forms = a.orientations === undefined ? [a.hash] : Object.values(a.orientations);
    return forms.some((form) => hashDistance(form, hash) <= nearBits);
  }
  return a.digests?.sha256 !== undefined && a.digests.sha256 === b.digests?.sha256;
}

/** The cards of a service. */
export class Cards {
  readonly #state: State;
  readonly #config: Config;
  readonly #secrets: Secrets;
  readonly #now: () => number;

  constructor(state: State, config: Config, now: () => number) {
    this.#state = state;
    this.#config = config;
    this.#secrets = new Secrets(config.data);
    this.#now = now;
  }

  /**
   * Puts an upload into the queue: on the card of near copies that nobody has answered yet, or on one of its own. The
   * decision has whole hashes, so that it is sealed. Returns the number of the card and whether it is new.
   */
  add(decision: Decision, upload: Upload): { number: number; fresh: boolean } {
    const matches = countedMatches(decision);
    const entry = matches[0]!.entryNumber;
    return this.#state.transaction(() => {
      const known = this.#near(entry, decision, partName(upload.part));
      if (known !== undefined) {
        this.#state.run("UPDATE card SET uploads = uploads + 1 WHERE number = ?", known);
        this.#addReference(known, upload.reference);
        return { number: known, fresh: false };
      }
      const now = this.#now();
      const banks = JSON.stringify([...new Set(matches.map(({ bank }) => bank))]);
      const due = now + this.#config.reviewHours * 3_600_000;
      const [number] = this.#state.get<[number]>(
        `INSERT INTO card (entry, kind, banks, created, due, uploads, state, claimed)
         VALUES (?, ?, ?, ?, ?, 1, 'open', 0) RETURNING number`,
        entry,
        upload.kind,
        banks,
        now,
        due,
      )!;
      const kept: CardDecision = { ...decision, part: upload.part };
      const sealed: Value = this.#secrets.seal(`card ${number}`, JSON.stringify(kept));
      const preview = upload.preview === undefined ? null : this.#sealPreview(number, upload.preview);
      this.#state.run("UPDATE card SET sealed = ?, preview = ? WHERE number = ?", sealed, preview, number);
      this.#addReference(number, upload.reference);
      return { number, fresh: true };
    });
  }

  #sealPreview(number: number, png: Uint8Array): Buffer {
    return this.#secrets.seal(`preview ${number}`, Buffer.from(png).toString("base64"));
  }

  #addReference(card: number, reference: string | undefined): void {
    if (reference === undefined) return;
    const [count] = this.#state.get<[number]>("SELECT count(*) FROM card_upload WHERE card = ?", card)!;
    if (count >= mostReferences) return;
    this.#state.run("INSERT INTO card_upload (card, reference) VALUES (?, ?)", card, reference);
  }

  /** Returns the open card of near copies that has no answer, and is about the same part of its uploads. */
  #near(entry: number, decision: Decision, part: string | undefined): number | undefined {
    const sql = `SELECT number, sealed FROM card WHERE entry = ? AND state = 'open' AND sealed IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM answer WHERE card = number) ORDER BY number DESC LIMIT ${mostCompared}`;
    const rows = this.#state.all<[number, Buffer]>(sql, entry);
    const found = rows.find(([number, sealed]) => {
      const other = this.#open(number, sealed);
      return partName(other.part) === part && isNear(decision.query, other.query);
    });
    return found?.[0];
  }

  #open(number: number, sealed: Buffer): CardDecision {
    return JSON.parse(this.#secrets.open(`card ${number}`, sealed)) as CardDecision;
  }

  /** @throws {ServiceError} 404 */
  get(number: number): Card {
    const row = this.#state.get<Row>(`SELECT ${columns} FROM card WHERE number = ?`, number);
    if (row === undefined) throw notFound("There is no such card");
    return cardOf(row);
  }

  /** The decision of the first upload of a card, until the card is decided. */
  decision(number: number): CardDecision | undefined {
    const row = this.#state.get<[Buffer | null]>("SELECT sealed FROM card WHERE number = ?", number);
    return row === undefined || row[0] === null ? undefined : this.#open(number, row[0]);
  }

  /** The preview of a card as PNG. */
  preview(number: number): Buffer | undefined {
    const row = this.#state.get<[Buffer | null]>("SELECT preview FROM card WHERE number = ?", number);
    if (row === undefined || row[0] === null) return undefined;
    return Buffer.from(this.#secrets.open(`preview ${number}`, row[0]), "base64");
  }

  /** Returns what the platform calls the uploads of a card, newest first. */
  references(number: number): string[] {
    const sql = "SELECT reference FROM card_upload WHERE card = ? ORDER BY number DESC";
    return this.#state.all<[string]>(sql, number).map(([reference]) => reference);
  }

  /** Cards in a state, those with the nearest deadline first. */
  list(state: CardState, limit: number): Card[] {
    const order = state === "decided" ? "decided DESC" : "due, number";
    return this.#state
      .all<Row>(`SELECT ${columns} FROM card WHERE state = ? ORDER BY ${order} LIMIT ?`, state, limit)
      .map(cardOf);
  }

  counts(): { open: number; overdue: number; disputed: number; decided: number } {
    const sql = `SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'open' AND due < ?),
      count(*) FILTER (WHERE state = 'disputed'), count(*) FILTER (WHERE state = 'decided') FROM card`;
    const [open, overdue, disputed, decided] = this.#state.get<[number, number, number, number]>(sql, this.#now())!;
    return { open, overdue, disputed, decided };
  }

  /** Notes who has a card open, so that nobody else is given it meanwhile. */
  claim(number: number, person: string): void {
    this.#state.run("UPDATE card SET claimant = ?, claimed = ? WHERE number = ?", person, this.#now(), number);
  }

  /** Opens a disputed card again. */
  reopen(number: number): void {
    this.#state.run("UPDATE card SET state = 'open', decided = NULL, agreed = NULL WHERE number = ?", number);
  }

  /** Ends a card. What only its review needed is removed. Call it inside a transaction. */
  finish(number: number, state: "decided" | "disputed", labels: readonly string[] | undefined, agreed: string): void {
    const sealed = state === "decided" ? ", sealed = NULL, preview = NULL" : "";
    this.#state.run(
      `UPDATE card SET state = ?, decided = ?, labels = ?, agreed = ?, claimant = NULL${sealed} WHERE number = ?`,
      state,
      this.#now(),
      labels === undefined ? null : JSON.stringify(labels),
      agreed,
      number,
    );
  }
}
