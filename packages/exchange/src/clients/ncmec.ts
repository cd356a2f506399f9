/** NCMEC's hash sharing, version 2. */
import type { Environment } from "../environment.js";
import { badPage, ExchangeError, invalid } from "../errors.js";
import type { HttpClient } from "../http/http-client.js";
import type { ExchangeClient, ExchangePage, FeedbackEntry, PageEnd, PageOptions, Position, Verdict } from "./client.js";
import { openListPage } from "./list-page.js";

/** The environments and their addresses. Each has a twin for tests. */
export const ncmecEnvironments = {
  industry: "https://report.cybertip.org/hashsharing",
  "industry-exploitative": "https://report.cybertip.org/exploitative-hashsharing",
  "law-enforcement": "https://lesp.ncmec.org/csam-hashsharing",
  npo: "https://hashsharing.ncmec.org/npo",
  exploitative: "https://hashsharing.ncmec.org/exploitative",
  "generative-ai": "https://hashsharing.ncmec.org/generative-ai-csam",
  "generative-ai-exploitative": "https://hashsharing.ncmec.org/generative-ai-exploitative",
  "industry-test": "https://exttest.cybertip.org/hashsharing",
  "industry-exploitative-test": "https://exttest.cybertip.org/exploitative-hashsharing",
  "law-enforcement-test": "https://betalesp.ncmec.org/csam-hashsharing",
  "npo-test": "https://hashsharing-test.ncmec.org/npo",
  "exploitative-test": "https://hashsharing-test.ncmec.org/exploitative",
  "generative-ai-test": "https://hashsharing-test.ncmec.org/generative-ai-csam",
  "generative-ai-exploitative-test": "https://hashsharing-test.ncmec.org/generative-ai-exploitative",
} as const;

export interface NcmecOptions {
  http: HttpClient;
  environment: Environment;
  user: string;
  password: string;
  /** The id of the reason that negative feedback has; `GET /v2/feedback/TYPE/reasons` lists them. */
  negativeReason?: string;
}

/** What NCMEC calls the types of signals in feedback. */
const feedbackTypes: Readonly<Record<string, string>> = { pdq: "PDQ", md5: "MD5", sha1: "SHA1" };
/** The most characters of a list of reasons that are read. */
const mostReasons = 2 ** 16;

/** A window of time, from exclusive, to inclusive: seconds since 1970. */
interface Window {
  from: number;
  to: number;
}

/** A window that is being paged through, as the resume token has it. */
interface Paging extends Window {
  /** The query of the next page. */
  next: string;
}

/** Entries of the last seconds may still be on their way into the list. */
const unsureSeconds = 5;
/** The first second of all: nothing is older than the service. */
const beginning = Date.UTC(2000, 0, 1) / 1000;

const namespace = "https://hashsharing.ncmec.org/hashsharing/v2";

/** Returns a time as the service takes it, always in UTC. */
const textOf = (seconds: number): string => `${new Date(1000 * seconds).toISOString().slice(0, 19)}Z`;

/**
 * Entries do not come in the order of time, so that only a window whose pages have ended is a checkpoint. The link to
 * the next page may be kept for twelve hours, with the same window.
 */
export class Ncmec implements ExchangeClient {
  readonly name = "NCMEC";
  readonly resumeSeconds: number = 12 * 3600;
  readonly staleDays = undefined;
  readonly wholeLists = false;
  readonly #options: NcmecOptions;
  readonly #authorization: string;

  constructor(options: NcmecOptions) {
    this.#options = options;
    this.#authorization = `Basic ${Buffer.from(`${options.user}:${options.password}`).toString("base64")}`;
  }

  async page({ checkpoint, resume, expired }: Position, { signal, note }: PageOptions): Promise<ExchangePage> {
    const paging = resume === undefined ? undefined : (JSON.parse(resume) as Paging);
    const window = paging ?? this.#window(checkpoint, expired);
    if (window === undefined)
      return nothing({
        position: { ...(checkpoint && { checkpoint }) },
        done: true,
      });
    const { from, to } = window;
    const done = to >= Math.floor(this.#options.environment.now() / 1000) - 2 * unsureSeconds;
    const query = paging ? paging.next : new URLSearchParams({ from: textOf(from), to: textOf(to) }).toString();
    const { http } = this.#options;
    const headers = {
      authorization: this.#authorization,
      accept: "application/xml",
    };
    const { body } = await http.send({
      path: `v2/entries?${query}`,
      headers,
      ...(signal && { signal }),
    });
    const given = {
      exchange: this.name,
      format: "ncmec" as const,
      note,
      ...(signal && { signal }),
    };
    const { list, entries } = await openListPage(body, given);
    const end = (): PageEnd => {
      const { next } = list.page;
      if (next === undefined) return { position: { checkpoint: String(to) }, done };
      const following = this.#next(next, window);
      if (following === query) throw badPage(this.name, "its link leads to itself");
      const token: Paging = { from, to, next: following };
      return {
        position: {
          ...(checkpoint && { checkpoint }),
          resume: JSON.stringify(token),
        },
        done: false,
      };
    };
    return { entries, end };
  }

  async sendFeedback({ entryId, signals }: FeedbackEntry, verdict: Verdict): Promise<void> {
    const place = /^([^/]+)\/([^/]+)$/.exec(entryId ?? "");
    if (place === null) throw invalid("the entry", "member and id");
    if (verdict === "pending" || verdict === "none") throw invalid("the verdict", "blocked or not-blocked");
    const types = [...new Set(signals.flatMap(({ type }) => feedbackTypes[type] ?? []))];
    if (types.length === 0) throw invalid("the entry", "a signal that NCMEC takes feedback about");
    const { negativeReason = "", http } = this.#options;
    if (verdict === "not-blocked" && !/^[\w-]{1,64}$/.test(negativeReason)) {
      throw invalid("negative-reason", "the id of one of NCMEC's reasons");
    }
    const said =
      verdict === "blocked"
        ? "<affirmative/>"
        : `<negative><reasonIds><guid>${negativeReason}</guid></reasonIds></negative>`;
    const body = `<?xml version="1.0" encoding="UTF-8"?><feedbackSubmission xmlns="${namespace}">${said}</feedbackSubmission>`;
    const headers = { authorization: this.#authorization, "content-type": "application/xml; charset=utf-8" };
    const [member, id] = [encodeURIComponent(place[1]!), encodeURIComponent(place[2]!)];
    if (verdict === "not-blocked") for (const type of types) await this.#checkReason(type, negativeReason);
    for (const type of types) {
      const path = `v2/entries/${member}/${id}/${type}/feedback`;
      const response = await http.send({ path, method: "PUT", headers, body });
      response.discard();
    }
  }

  async close(): Promise<void> {
    await this.#options.http.close();
  }

  /**
   * Checks that NCMEC has a reason for a type, before anything is sent. @throws {ExchangeError} which names those that
   * it has
   */
  async #checkReason(type: string, reason: string): Promise<void> {
    const headers = { authorization: this.#authorization, accept: "application/xml" };
    const response = await this.#options.http.send({ path: `v2/feedback/${type}/reasons`, headers });
    const tags = (await response.text()).slice(0, mostReasons).match(/<(?:\w+:)?reason\s[^>]*>/g) ?? [];
    const reasons = tags.map((tag) => {
      const [, guid = ""] = /\bguid="([\w-]{1,64})"/.exec(tag) ?? [];
      const [, name = ""] = /\bname="([^"]{0,80})/.exec(tag) ?? [];
      return { guid, name };
    });
    if (reasons.some(({ guid }) => guid.toLowerCase() === reason.toLowerCase())) return;
    const known = reasons.map(({ guid, name }) => `${guid} (${name})`).join(", ");
    throw invalid("negative-reason", `one of NCMEC's reasons for ${type}: ${known || "there is none"};`);
  }

  /** Answers what to fetch; undefined where nothing can be new. @throws {ExchangeError} */
  #window(checkpoint: string | undefined, expired: string | undefined): Window | undefined {
    const from = checkpoint === undefined ? beginning : Number(checkpoint);
    const now = Math.floor(this.#options.environment.now() / 1000);
    if (!Number.isSafeInteger(from) || from > now + 3600) {
      const text = `The checkpoint of ${this.name} is in the future or is not a time; is the clock of this machine right?`;
      throw new ExchangeError("ERR_EMPREINTE_EXCHANGE_POSITION", text);
    }
    const to = now - unsureSeconds;
    if (to <= from) return undefined;
    if (expired === undefined) return { from, to };
    // The pages of the window did not end in time. A quarter of it has fewer.
    const before = JSON.parse(expired) as Paging;
    return {
      from,
      to: Math.min(to, from + Math.max(1, Math.floor((before.to - from) / 4))),
    };
  }

  /** Takes the query of a link, which must be of the same service and window. @throws {ExchangeError} */
  #next(link: string, { from, to }: Window): string {
    const { base } = this.#options.http;
    const url = URL.canParse(link, base.href) ? new URL(link, base) : undefined;
    if (url?.origin !== base.origin || !url.pathname.endsWith("/v2/entries")) {
      throw badPage(this.name, "its link to the next page leads elsewhere");
    }
    const time = (name: string): number => Date.parse(url.searchParams.get(name) ?? "") / 1000;
    if (time("from") !== from || time("to") !== to)
      throw badPage(this.name, "its link leads to another window of time");
    return url.searchParams.toString();
  }
}

function nothing(end: PageEnd): ExchangePage {
  async function* none(): AsyncGenerator<never> {
    // No request is needed.
  }
  return { entries: none(), end: () => end };
}
