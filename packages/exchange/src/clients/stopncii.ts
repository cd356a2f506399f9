/** StopNCII's hash exchange, version 1. */
import type { ListEntry } from "empreinte/lists";
import { badPage, invalid } from "../errors.js";
import type { HttpClient } from "../http/http-client.js";
import type { Environment } from "../environment.js";
import type { ExchangeClient, ExchangePage, FeedbackEntry, PageOptions, Position, Verdict } from "./client.js";
import { openListPage } from "./list-page.js";

export interface StopNciiOptions {
  http: HttpClient;
  environment: Environment;
  /** The header `x-functions-key` of `FetchHashes`. */
  functionsKey: string;
  /** The value of the header `Ocp-Apim-Subscription-Key`. */
  subscriptionKey: string;
  /** The header `x-functions-key` of `SubmitFeedback`, where feedback is sent. */
  feedbackKey?: string;
  /** The header `x-functions-key` of `SubmitHashes`, where entries are submitted. */
  submitKey?: string;
  /** Records on a page. Default 800. */
  pageSize?: number;
}

/** The timestamp at which a first fetch begins. */
const firstTimestamp = "10";

/**
 * `nextSetTimestamp` does not grow from page to page, so that only that of the last page is a checkpoint. Until then
 * the token of the page is what to resume from, with the same `startTimestamp`.
 */
export class StopNcii implements ExchangeClient {
  readonly name = "StopNCII";
  readonly resumeSeconds = 3600;
  readonly staleDays = 30;
  readonly wholeLists = false;
  readonly #options: StopNciiOptions;

  constructor(options: StopNciiOptions) {
    this.#options = options;
  }

  async page({ checkpoint = firstTimestamp, resume }: Position, { signal, note }: PageOptions): Promise<ExchangePage> {
    const { http, functionsKey, subscriptionKey, pageSize = 800, environment } = this.#options;
    const query = {
      startTimestamp: checkpoint,
      pageSize: String(pageSize),
      ...(resume && { nextPageToken: resume }),
    };
    const headers = {
      "x-functions-key": functionsKey,
      "ocp-apim-subscription-key": subscriptionKey,
    };
    const { body } = await http.send({
      path: "FetchHashes",
      query,
      headers,
      ...(signal && { signal }),
    });
    const given = {
      exchange: this.name,
      format: "stopncii" as const,
      statusOf,
      note,
      ...(signal && { signal }),
    };
    const { list, entries } = await openListPage(body, given);
    const end = (): ReturnType<ExchangePage["end"]> => {
      const { next, importCursor, more } = list.page;
      if (more === undefined) throw badPage(this.name, "it does not say whether there are more");
      if (more) {
        if (next === undefined || next === resume) throw badPage(this.name, "there are more, but no token for them");
        return { position: { checkpoint, resume: next }, done: false };
      }
      if (importCursor === undefined || !/^\d{1,12}$/.test(importCursor)) {
        throw badPage(this.name, "the last page has no nextSetTimestamp");
      }
      const now = Math.floor(environment.now() / 1000);
      if (Number(importCursor) > now)
        note({
          kind: "future",
          reason: "nextSetTimestamp is in the future; now is kept instead",
        });
      return {
        position: { checkpoint: String(Math.min(Number(importCursor), now)) },
        done: true,
      };
    };
    return { entries: entries, end: () => end() };
  }

  async sendFeedback({ signals }: FeedbackEntry, verdict: Verdict): Promise<void> {
    const values = { blocked: "Blocked", "not-blocked": "NotBlocked", pending: "PendingReview", none: "None" };
    const feedbackValue = values[verdict];
    const hashFeedbacks = signals.map(({ value: hashValue }) => ({ hashValue, feedbackValue, tags: [] }));
    await this.#post("SubmitFeedback", "feedback-key", this.#options.feedbackKey, { hashFeedbacks });
  }

  async submit({ signals, time }: FeedbackEntry): Promise<undefined> {
    const lastModtimestamp = Math.floor((time?.getTime() ?? this.#options.environment.now()) / 1000);
    const hashRecords = signals
      .filter(({ type }) => type === "pdq")
      .map(({ value: hashValue }) => ({ lastModtimestamp, signalType: "ImagePDQ", hashValue, CSPFeedbacks: [] }));
    await this.#post("SubmitHashes", "submit-key", this.#options.submitKey, { hashRecords });
  }

  async #post(path: string, secret: string, key: string | undefined, list: Record<string, unknown[]>): Promise<void> {
    if (key === undefined) throw invalid(`secret ${secret}`, "file:PATH, env:NAME or credential:NAME");
    const count = Object.values(list)[0]!.length;
    const headers = {
      "x-functions-key": key,
      "ocp-apim-subscription-key": this.#options.subscriptionKey,
      "content-type": "application/json",
    };
    const body = JSON.stringify({ count, ...list });
    const response = await this.#options.http.send({ path, method: "POST", headers, body });
    response.discard();
  }

  async close(): Promise<void> {
    await this.#options.http.close();
  }
}

/** Returns the status of an entry. What is neither active nor withdrawn is kept and does not match. */
function statusOf({ status, fields = {} }: ListEntry): {
  status: "active" | "quarantined" | "withdrawn";
  unknown?: string;
} {
  if (status === "withdrawn" || fields["hashStatus"] === "Active") return { status };
  return {
    status: "quarantined",
    unknown: "a record is neither active nor withdrawn; it does not match",
  };
}
