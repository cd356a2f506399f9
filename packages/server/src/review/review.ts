/** The review of decisions: what comes into the queue, what is revealed, and what becomes of the answers. */
import { safePreview, reduceImage } from "empreinte";
import type { Decision, Matcher } from "empreinte/bank";
import type { Fetcher } from "empreinte-fetch";
import type { Config } from "../config/options.js";
import { actingAs } from "../core/actor.js";
import { forbidden, notFound, ServiceError } from "../core/errors.js";
import type { HeldImage } from "../core/media.js";
import type { State } from "../core/state.js";
import type { Metrics } from "../operation/metrics.js";
import type { Outbox } from "../operation/outbox.js";
import type { People, Person, Record } from "../people/people.js";
import { Answers, outcomeOf } from "./answers.js";
import { type Card, Cards, countedMatches, type Upload } from "./cards.js";
import { Exposures, levels } from "./exposure.js";
import { readLabels, type ReviewLabel } from "./labels.js";
import { fetchMedia, HeldMedia, wholeOf } from "./media.js";
import { contactSheet } from "./sheet.js";

/** What the review needs of a service. */
export interface ReviewParts {
  config: Config;
  state: State;
  matcher: Matcher;
  outbox: Outbox;
  metrics: Metrics;
  people: People;
  fetcher: Fetcher;
  now: () => number;
  record: Record;
  /** The callers' name of a bank of the store. */
  name: (bank: string) => string | undefined;
}

/** A card is given to nobody else for so long after a person opened it. */
const claimMilliseconds = 600_000;

/** The queue of a service and everything around it. */
export class Review {
  readonly cards: Cards;
  readonly answers: Answers;
  readonly exposures: Exposures;
  readonly held: HeldMedia;
  readonly labels: readonly ReviewLabel[];
  readonly #parts: ReviewParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ReviewParts) {
    const { config, state, now } = parts;
    this.#parts = parts;
    this.cards = new Cards(state, config, now);
    this.answers = new Answers(state, now);
    this.exposures = new Exposures(state, now);
    this.held = new HeldMedia(config, now);
    this.labels = readLabels(config.reviewSchemes);
  }

  /** Returns whether a decision is one for a person. */
  static isFor(decision: Decision): boolean {
    return decision.action === "review" && countedMatches(decision).length > 0;
  }

  /** A preview of an image for its card; none if the decoder refuses the image, whose bytes matched. */
  async preview(image: HeldImage, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { isolation, maxImageBytes } = this.#parts.config;
    try {
      const options = { isolation, maxBytes: maxImageBytes, signal, name: "the upload" };
      return (await safePreview(image.bytes, options)).png;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Error && "code" in error) return undefined;
      throw error;
    }
  }

  /** Puts the upload of a decision into the queue. */
  add(decision: Decision, upload: Upload, image?: HeldImage): void {
    if (!Review.isFor(decision)) return;
    const { config, metrics } = this.#parts;
    const { number, fresh } = actingAs("review", () => this.cards.add(decision, upload));
    metrics.reviewUploads.add({ card: fresh ? "new" : "known" });
    if (fresh && image !== undefined && config.reviewMedia === "memory") {
      const result = this.held.hold(number, image.bytes) ? "held" : "no room";
      metrics.reviewMedia.add({ result });
    }
  }

  /** How many persons must agree on a card. */
  needed({ banks }: Card): number {
    const { config, name } = this.#parts;
    const patterns = config.reviewTwoPersons
      .split(",")
      .flatMap((pattern) => (pattern.trim() === "" ? [] : [pattern.trim()]));
    const isNamed = (bank: string): boolean =>
      patterns.some((one) => (one.endsWith("*") ? bank.startsWith(one.slice(0, -1)) : bank === one));
    return banks.some((bank) => isNamed(name(bank) ?? bank)) ? 2 : 1;
  }

  /** Returns whether a person may see a card: one of its banks, at least. */
  isVisible(card: Card, { scopes }: Person): boolean {
    return card.banks.some((bank) => {
      const shown = this.#parts.name(bank);
      return shown !== undefined && scopes.allows("match", shown);
    });
  }

  /** @throws {ServiceError} 404, also for a card that the person may not see */
  card(number: number, person: Person): Card {
    const card = this.cards.get(number);
    if (!this.isVisible(card, person)) throw notFound("There is no such card");
    return card;
  }

  /** The open cards that a person may answer, those with the nearest deadline first. */
  queue(person: Person, limit: number): Card[] {
    return this.cards
      .list("open", 5000)
      .filter(
        (card) => this.isVisible(card, person) && this.answers.isWanted(card.number, person.id, this.needed(card)),
      )
      .slice(0, limit);
  }

  /** Returns the next card for a person: one that nobody else has open. */
  next(person: Person): Card | undefined {
    const now = this.#parts.now();
    return this.queue(person, 200).find(({ claimant, claimed }) => {
      return claimant === undefined || claimant === person.id || Math.abs(now - claimed) > claimMilliseconds;
    });
  }

  /** Whether the media of a card can be revealed. */
  media(card: Card): "held" | "callback" | "none" {
    const { reviewMedia, reviewLevels } = this.#parts.config;
    if (reviewLevels === 0 || card.state !== "open") return "none";
    if (this.held.has(card.number)) return "held";
    return reviewMedia === "callback" && this.cards.references(card.number).length > 0 ? "callback" : "none";
  }

  /**
   * Reveals a card to a person: a version of its image as its level says, made here.
   * @throws {ServiceError} 403 for a level that is not allowed, 404 without media, 429 for a used budget
   */
  async reveal(
    card: Card,
    person: Person,
    level: number,
    signal: AbortSignal,
  ): Promise<{ id: string; webp: Uint8Array; width: number; height: number }> {
    const { config, metrics, record } = this.#parts;
    const most = Math.min(config.reviewLevels, card.kind === "video" ? levels.length - 1 : levels.length);
    if (!Number.isInteger(level) || level < 1 || level > most)
      throw forbidden(`This card is revealed up to level ${most}`);
    if (this.media(card) === "none") throw notFound("There is no media of this card");
    // It counts from here on, also where the media then do not come.
    const id = this.exposures.begin(card.number, person.id, level, config.reviewBudget);
    record(`person ${person.shown}`, "reveal", { card: card.number, level });
    metrics.reveals.add({ level: String(level) });
    try {
      const { side, grey, blur } = levels[level - 1]!;
      const { isolation, maxImageBytes } = config;
      const options = { side, grey, blur, isolation, maxBytes: maxImageBytes, signal, name: "the upload" };
      const source = card.kind === "video" ? await this.#sheet(card, signal) : await this.#image(card, signal);
      return { id, ...(await reduceImage(source, options)) };
    } catch (error) {
      this.exposures.end(id, person.id);
      throw error;
    }
  }

  async #fetch(card: Card, signal: AbortSignal): ReturnType<typeof fetchMedia> {
    const { config, fetcher } = this.#parts;
    const [reference] = this.cards.references(card.number);
    if (reference === undefined) throw notFound("There is no media of this card");
    const isVideo = card.kind === "video";
    const isEmbedded = this.cards.decision(card.number)?.part?.embedded === true;
    const maxBytes = isVideo && !isEmbedded ? config.maxVideoBytes : config.maxImageBytes;
    return fetchMedia(
      config,
      fetcher,
      reference,
      maxBytes,
      isVideo ? config.videoSeconds : config.imageSeconds,
      signal,
    );
  }

  async #image(card: Card, signal: AbortSignal): Promise<Uint8Array> {
    const held = this.held.open(card.number);
    if (held !== undefined) return held;
    const response = await this.#fetch(card, signal);
    try {
      return await wholeOf(response.body);
    } finally {
      response.discard();
    }
  }

  async #sheet(card: Card, signal: AbortSignal): ReturnType<typeof contactSheet> {
    const { maxVideoBytes, videoSeconds } = this.#parts.config;
    const decision = this.cards.decision(card.number);
    const response = await this.#fetch(card, signal);
    try {
      return await contactSheet(response.body, decision, { maxBytes: maxVideoBytes, maxSeconds: videoSeconds, signal });
    } finally {
      response.discard();
    }
  }

  /** Keeps what a person answers. @throws {ServiceError} 400 for an unknown label, 409 for an answered card */
  answer(card: Card, person: Person, labels: readonly string[] | undefined): number {
    const suggested = this.cards.decision(card.number)?.prequalification?.labels ?? [];
    const known = new Set([
      ...this.labels.map(({ name }) => name),
      ...suggested.map(({ scheme, code }) => `${scheme}:${code}`),
    ]);
    const unknown = labels?.find((label) => !known.has(label));
    if (unknown !== undefined) throw new ServiceError(400, "ERR_EMPREINTE_REQUEST", "There is no such label");
    const number = this.answers.add(card.number, person.id, labels, this.needed(card));
    const said = labels === undefined ? { sure: false } : { labels };
    this.#parts.record(`person ${person.shown}`, "answer", { card: card.number, answer: number, ...said });
    return number;
  }

  /** Takes a person's answer back. Returns its card, or undefined if it is too late. */
  undo(answer: number, person: Person): number | undefined {
    const card = this.answers.undo(answer, person.id);
    if (card !== undefined) this.#parts.record(`person ${person.shown}`, "answer undone", { card, answer });
    return card;
  }

  /** Forgets the answers of a disputed card, so that it is answered anew. @throws {ServiceError} 409 */
  reopen(number: number, person: Person): void {
    const { state, record } = this.#parts;
    state.transaction(() => {
      if (this.card(number, person).state !== "disputed") {
        throw new ServiceError(409, "ERR_EMPREINTE_CONFLICT", "This card is not disputed");
      }
      this.answers.forget(number);
      this.cards.reopen(number);
      record(`person ${person.shown}`, "card reopened", { card: number });
    });
  }

  /** Decides the cards whose answers now count. The store learns the labels, and the platform the outcome. */
  decideDue(): void {
    const { state } = this.#parts;
    if (!this.answers.hasDue()) return;
    state.transaction(() => {
      for (const number of this.answers.countDue()) this.#decide(this.cards.get(number));
    });
  }

  #decide(card: Card): void {
    const { number } = card;
    const { outbox, record, metrics } = this.#parts;
    if (card.state !== "open") return;
    const counted = this.answers.of(number).filter((answer) => answer.counted);
    const outcome = outcomeOf(counted, this.needed(card));
    if (outcome.state === "open") return;
    const { labels, persons } = outcome.state === "decided" ? outcome : { labels: undefined, persons: [] };
    const by = persons.map((id) => this.#parts.people.find(id)?.shown ?? "a former person").join(", ");
    const qualification = labels === undefined ? undefined : this.#qualify(card, labels, by);
    const references = this.cards.references(number);
    this.cards.finish(number, outcome.state, labels, by);
    if (outcome.state === "decided") this.held.remove(number);
    record("review", `card ${outcome.state}`, { card: number, by, ...(labels !== undefined && { labels }) });
    metrics.reviewDecided.add({ outcome: outcome.state });
    outbox.add(outcome.state === "decided" ? "review.decided" : "review.disputed", {
      card: number,
      entryNumber: card.entry,
      uploads: card.uploads,
      references,
      ...(labels !== undefined && { labels }),
      ...(qualification !== undefined && { qualification }),
    });
  }

  /** Tells the store what was agreed on; not where the entry was withdrawn meanwhile. */
  #qualify(card: Card, labels: readonly string[], by: string): number | undefined {
    const decision = this.cards.decision(card.number);
    if (decision === undefined) return undefined;
    try {
      const given = { labels, by: by.slice(0, 256), entryNumber: card.entry };
      return actingAs("review", () => this.#parts.matcher.qualify(decision, given)).number;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ERR_EMPREINTE_UNKNOWN_NAME") return undefined;
      throw error;
    }
  }

  start(onError: (error: unknown) => void): void {
    this.#timer = setInterval(() => {
      try {
        this.held.sweep();
        this.decideDue();
      } catch (error) {
        onError(error);
      }
    }, 1000).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.held.close();
  }
}
