/** Decisions by a store's policies and by matchers elsewhere. */
import { createHash } from "node:crypto";
import { type ImageInput, leastQuality } from "empreinte";
import type { Action, BankStore, CheckImageOptions, CheckQuery, Decision, Matcher } from "empreinte/bank";
import { type Environment, systemEnvironment } from "../environment.js";
import { codeOf, ExchangeError, sentence } from "../errors.js";
import { pauseBefore, type RetryOptions } from "../http/retry.js";
import { AnswerCache } from "./answer-cache.js";
import type { RemoteFinding, RemoteMatch, RemoteMatcher, RemoteQuery } from "./remote-matcher.js";
import { readUploadFile, type UploadFile } from "./upload-file.js";

export interface CombinedMatcherOptions {
  environment?: Environment;
  /** Seconds for the answer of a matcher elsewhere, with all tries, 0.01 … 600. Default 10. */
  deadlineSeconds?: number;
  /**
   * How often and how patiently a matcher that did not answer is consulted again. Default 3 tries, the first pause 250
   * ms.
   */
  retry?: RetryOptions;
  /** What a match elsewhere asks for. Default `"block"` where it is exact, `"review"` where it is near. */
  actions?: Partial<Record<RemoteFinding["kind"], Action>>;
  /** What an upload asks for at least when a matcher did not answer. Default: nothing; `incomplete` says it. */
  whenIncomplete?: Action;
  /** Seconds for which an answer counts for the same upload, 0 … 900. Default 300. */
  cacheSeconds?: number;
  /** Gets a record in its audit log for each match elsewhere. */
  audit?: BankStore;
}

/** A matcher whose answer is not known. It may know the upload. */
export interface Unanswered {
  source: string;
  /** The code of the failure. */
  code: string;
  reason: string;
}

/** What a store's policies and matchers elsewhere decide together. */
export interface CombinedDecision {
  /** The strongest action that a match here or elsewhere asks for, or `"none"`. */
  action: Action | "none";
  /** One sentence each: those of the store's decision, then those of matchers elsewhere. */
  reasons: string[];
  /** What the store's policies decide. `Matcher.explain` and `Matcher.qualify` take it. */
  local: Decision;
  /** What matchers elsewhere found. */
  remote: RemoteMatch[];
  /** The matchers that did not answer. Where there is one, `"none"` does not mean that the upload is unknown. */
  incomplete: Unanswered[];
}

const actions: readonly Action[] = ["block", "review", "log"];
const strongest = (all: readonly (Action | "none")[]): Action | "none" =>
  actions.find((action) => all.includes(action)) ?? "none";

/** After so many failures in a row a matcher rests. */
const mostFailures = 3;
const restMilliseconds = 30_000;

/** How a matcher was lately. */
interface Health {
  failures: number;
  /** It gets no request before this time, in milliseconds since 1970. */
  restsUntil: number;
}

/**
 * Decides as `Matcher` does, and consults matchers elsewhere, only where the store does not already ask for a
 * block. What a matcher did not answer is said, and is never the same as an upload that it does not know.
 *
 * @example
 * const combined = new CombinedMatcher(new Matcher(store), [await openRemoteMatcher(settings, systemEnvironment)]);
 * const { action, remote, incomplete } = await combined.checkImage("upload.jpg");
 */
export class CombinedMatcher {
  readonly #matcher: Matcher;
  readonly #remotes: readonly RemoteMatcher[];
  readonly #options: CombinedMatcherOptions;
  readonly #environment: Environment;
  readonly #cache: AnswerCache;
  readonly #health = new Map<RemoteMatcher, Health>();

  /** @throws {ExchangeError} `ERR_EMPREINTE_INVALID_ARGUMENT` */
  constructor(matcher: Matcher, remotes: readonly RemoteMatcher[], options: CombinedMatcherOptions = {}) {
    const { environment = systemEnvironment, deadlineSeconds = 10, cacheSeconds = 300 } = options;
    between("deadlineSeconds", deadlineSeconds, 0.01, 600);
    between("cacheSeconds", cacheSeconds, 0, 900);
    this.#matcher = matcher;
    this.#remotes = remotes;
    this.#options = options;
    this.#environment = environment;
    this.#cache = new AnswerCache(1000 * cacheSeconds, environment);
  }

  /** Decides about an image file. @throws as `Matcher.checkImage`. A matcher elsewhere that fails is no error. */
  async checkImage(input: ImageInput, options: CheckImageOptions = {}): Promise<CombinedDecision> {
    const needsFile = this.#remotes.some(({ sends }) => sends === "file");
    const file = needsFile ? await readUploadFile(input, options) : undefined;
    const local = await this.#matcher.checkImage(file?.bytes ?? input, options);
    return this.#combine(local, file, options.signal);
  }

  /**
   * Decides about an image that is hashed already. A matcher that takes files cannot answer it. @throws as
   * `Matcher.checkHash`
   */
  async checkHash(query: CheckQuery, options: { signal?: AbortSignal } = {}): Promise<CombinedDecision> {
    return this.#combine(await this.#matcher.checkHash(query, options), undefined, options.signal);
  }

  async #combine(
    local: Decision,
    file: UploadFile | undefined,
    signal: AbortSignal | undefined,
  ): Promise<CombinedDecision> {
    const { quality, stable, hash, orientations } = local.query;
    const usable = hash !== undefined && stable && quality >= leastQuality;
    const hashes = usable ? [...new Set(orientations ? Object.values(orientations) : [hash])] : [];
    const decision: CombinedDecision = {
      action: local.action,
      reasons: [...local.reasons],
      local,
      remote: [],
      incomplete: [],
    };
    if (local.action === "block") return decision;
    const consulted = this.#remotes.map(async (remote) => {
      if (remote.sends === "file" && file === undefined) return unanswered(remote, "there is no file to send");
      if (remote.sends === "hashes" && !usable)
        return `${remote.name}: the image has no hash that is good enough to ask`;
      return this.#ask(remote, { hashes, ...(file && { file }) }, signal);
    });
    for (const answer of await Promise.all(consulted)) {
      if (typeof answer === "string") decision.reasons.push(answer);
      else if ("code" in answer) {
        decision.incomplete.push(answer);
        decision.reasons.push(`${answer.source}: it did not answer, and may know the upload: ${answer.reason}`);
      } else {
        for (const finding of answer.found) this.#count(decision, answer.source, finding);
      }
    }
    const { whenIncomplete } = this.#options;
    decision.action = strongest([
      local.action,
      ...decision.remote.map(({ action }) => action),
      ...(decision.incomplete.length > 0 && whenIncomplete !== undefined ? [whenIncomplete] : []),
    ]);
    return decision;
  }

  #count(decision: CombinedDecision, source: string, finding: RemoteFinding): void {
    const { actions: given = {}, audit } = this.#options;
    const { kind, label, unknown } = finding;
    if (decision.remote.some((one) => one.source === source && one.kind === kind && one.label === label)) return;
    const wanted = given[kind] ?? (kind === "exact" ? "block" : "review");
    // What a label means that nobody here knows, a person must say.
    const action = unknown && wanted === "block" ? "review" : wanted;
    decision.remote.push({ ...finding, source, action });
    decision.reasons.push(
      `${source}: ${label}, ${kind}${unknown ? ", a label that is not known here" : ""}: ${action}`,
    );
    audit?.recordAct("remote-match", { source, kind, label, action });
  }

  async #ask(
    remote: RemoteMatcher,
    query: RemoteQuery,
    signal: AbortSignal | undefined,
  ): Promise<{ source: string; found: RemoteFinding[] } | Unanswered> {
    const source = remote.name;
    const key = keyOf(remote, query);
    const known = this.#cache.get(key);
    if (known !== undefined) return { source, found: known };
    const health = this.#health.get(remote) ?? { failures: 0, restsUntil: 0 };
    this.#health.set(remote, health);
    const rest = health.restsUntil - this.#environment.now();
    if (rest > 0)
      return unanswered(remote, `it failed before, and is consulted again in ${Math.ceil(rest / 1000)} seconds`);
    try {
      const found = await this.#askInTime(remote, query, signal, health);
      health.failures = 0;
      this.#cache.set(key, found);
      return { source, found };
    } catch (error) {
      signal?.throwIfAborted();
      if (++health.failures >= mostFailures) {
        health.restsUntil = Math.max(health.restsUntil, this.#environment.now() + restMilliseconds);
      }
      return unanswered(remote, sentence(error), codeOf(error));
    }
  }

  async #askInTime(
    remote: RemoteMatcher,
    query: RemoteQuery,
    signal: AbortSignal | undefined,
    health: Health,
  ): Promise<RemoteFinding[]> {
    const { deadlineSeconds = 10, retry: { tries = 3, firstPause = 250, ...retry } = {} } = this.#options;
    const late = new ExchangeError(
      "ERR_EMPREINTE_EXCHANGE_UNAVAILABLE",
      `it did not answer within ${deadlineSeconds} seconds`,
    );
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(late), 1000 * deadlineSeconds);
    const until = this.#environment.now() + 1000 * deadlineSeconds;
    const both = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
    try {
      for (let failures = 1; ; failures++) {
        try {
          return await remote.find(query, both);
        } catch (error) {
          both.throwIfAborted();
          const again = ["ERR_EMPREINTE_EXCHANGE_UNAVAILABLE", "ERR_EMPREINTE_EXCHANGE_PAGE"].includes(codeOf(error));
          if (!again || failures >= tries) throw error;
          const said = error instanceof ExchangeError ? error.retryAfter : undefined;
          const pause = pauseBefore(failures, said, { firstPause, ...retry }, this.#environment);
          if (this.#environment.now() + pause >= until) {
            if (said !== undefined) health.restsUntil = this.#environment.now() + pause;
            throw error;
          }
          await this.#environment.sleep(pause, both);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function unanswered({ name }: RemoteMatcher, reason: string, code = ""): Unanswered {
  const known = code.startsWith("ERR_EMPREINTE_EXCHANGE_");
  return { source: name, code: known ? code : "ERR_EMPREINTE_EXCHANGE_UNAVAILABLE", reason };
}

/** Returns what an answer is kept under: no hash of the upload can be read from it. */
function keyOf({ name, sends }: RemoteMatcher, { hashes, file }: RemoteQuery): string {
  const digest = createHash("sha256").update(`${name} ${sends} `);
  return digest.update(sends === "file" ? file!.bytes : hashes.toSorted().join()).digest("base64");
}

function between(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new ExchangeError("ERR_EMPREINTE_INVALID_ARGUMENT", `Expected a number from ${least} to ${most} for ${name}`);
}
