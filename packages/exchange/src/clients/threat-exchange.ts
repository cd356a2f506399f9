/** Meta's ThreatExchange: the updates of a privacy group, by the Graph API. */
import type { FetchResponse } from "empreinte-fetch";
import { badPage, ExchangeError, invalid } from "../errors.js";
import type { HttpClient } from "../http/http-client.js";
import type { ExchangeClient, ExchangePage, FeedbackEntry, PageEnd, PageOptions, Position } from "./client.js";
import { openListPage } from "./list-page.js";

export interface ThreatExchangeOptions {
  http: HttpClient;
  /** The token of the app: "app id|app secret". */
  token: string;
  /** The id of the privacy group. */
  group: string;
  /** Where the token is sent. The header keeps it out of the logs of proxies. Default "header". */
  tokenIn?: "header" | "query";
  /** How far others may share what is submitted. Default "AMBER". */
  shareLevel?: string;
  /** The tags of what is submitted, with commas between them. Default: none. */
  tags?: string;
}

/** What ThreatExchange calls the types of signals. */
const indicatorTypes: Readonly<Record<string, string>> = {
  pdq: "HASH_PDQ",
  md5: "HASH_MD5",
  sha1: "HASH_SHA1",
  sha256: "HASH_SHA256",
};

/** Codes of errors that end by themselves: a fault of the service, and too many calls. */
const passingCodes = new Set<unknown>([1, 2, 4, 17, 341, 613]);
const invalidToken = 190;

/** Where a fetch is: the cursor of its next page, and the newest second of the pages before. */
interface Token {
  after: string;
  newest: number;
}

const fields = [
  "id,indicator,type,creation_time,last_updated,should_delete,tags,status",
  "descriptors{id,owner{id,name},status,tags{text},added_on,confidence,description,review_status,reactions}",
].join(",");

/** Tombstones live 90 days, so that a source without a checkpoint for 85 is fetched whole. */
export class ThreatExchange implements ExchangeClient {
  readonly name = "ThreatExchange";
  readonly resumeSeconds = 3600;
  readonly staleDays = 85;
  readonly wholeLists = false;
  readonly #options: ThreatExchangeOptions;

  constructor(options: ThreatExchangeOptions) {
    this.#options = options;
  }

  async page({ checkpoint, resume }: Position, { signal, note }: PageOptions): Promise<ExchangePage> {
    const { http, token, group, tokenIn = "header" } = this.#options;
    const before = resume === undefined ? undefined : (JSON.parse(resume) as Token);
    const query = {
      fields,
      limit: "500",
      ...(checkpoint && { start_time: checkpoint }),
      ...(before && { after: before.after }),
      ...(tokenIn === "query" && { access_token: token }),
    };
    const headers: Record<string, string> = tokenIn === "header" ? { authorization: `Bearer ${token}` } : {};
    const path = `${encodeURIComponent(group)}/threat_updates`;
    const { body } = await http.send({
      path,
      query,
      headers,
      ...(signal && { signal }),
    });
    const given = {
      exchange: this.name,
      format: "threatexchange" as const,
      note,
      ...(signal && { signal }),
    };
    const { list, entries } = await openListPage(body, given);
    const end = (): PageEnd => {
      const { more, next, lastTime } = list.page;
      const newest = Math.max(before?.newest ?? 0, Math.floor((lastTime ?? 0) / 1000));
      if (more === true) {
        if (next === undefined || next === before?.after)
          throw badPage(this.name, "there are more, but no cursor for them");
        const following: Token = { after: next, newest };
        return {
          position: {
            ...(checkpoint && { checkpoint }),
            resume: JSON.stringify(following),
          },
          done: false,
        };
      }
      // Rows of the newest second may follow, so the next fetch begins with it again.
      const reached = newest === 0 ? checkpoint : String(newest);
      return {
        position: { ...(reached && { checkpoint: reached }) },
        done: true,
      };
    };
    return { entries, end };
  }

  /** Submits a descriptor for each signal. The same signal gets the same descriptor again. */
  async submit({ signals }: FeedbackEntry): Promise<string> {
    const { group, shareLevel = "AMBER", tags } = this.#options;
    const known = signals.filter(({ type }) => indicatorTypes[type] !== undefined);
    if (known.length === 0) throw invalid("the entry", "a signal that ThreatExchange takes");
    const ids: string[] = [];
    for (const { type, value } of known) {
      const form = new URLSearchParams({
        indicator: value,
        type: indicatorTypes[type]!,
        description: "Hash of a known image or video",
        status: "MALICIOUS",
        share_level: shareLevel,
        privacy_type: "HAS_PRIVACY_GROUP",
        privacy_members: group,
        ...(tags !== undefined && { tags }),
      });
      const { id } = await this.#call("threat_descriptors", "POST", form.toString());
      // Without an id it could never be taken back. Another try gives the same descriptor.
      if (typeof id !== "string" || !/^\d{1,32}$/.test(id)) throw this.#error("UNAVAILABLE", "answers without an id");
      ids.push(id);
    }
    return ids.join(",");
  }

  async retract(remote: string): Promise<void> {
    for (const id of remote.split(",")) {
      if (!/^\d{1,32}$/.test(id)) throw invalid("the descriptor", "an id");
      await this.#call(id, "DELETE");
    }
  }

  /** Makes a call that changes something. A descriptor that is not there any longer is as good as deleted. */
  async #call(path: string, method: "POST" | "DELETE", body?: string): Promise<Record<string, unknown>> {
    const { http, token, tokenIn = "header" } = this.#options;
    const response = await http.send({
      path,
      method,
      query: tokenIn === "query" ? { access_token: token } : {},
      headers: {
        ...(tokenIn === "header" && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(body !== undefined && { body }),
      accept: [400, 404],
    });
    const answer = await jsonOf(response);
    if (response.status < 300) return answer;
    const { code, error_subcode: subcode } = (answer["error"] ?? {}) as Record<string, unknown>;
    if (method === "DELETE" && code === 100 && subcode === 33) return {};
    if (code === invalidToken) throw this.#error("DENIED", "refuses the token");
    if (passingCodes.has(code)) throw this.#error("UNAVAILABLE", `is too busy, with code ${String(code)}`);
    throw this.#error("STATUS", `answers with status ${response.status}, code ${String(Number(code))}`);
  }

  #error(code: "UNAVAILABLE" | "DENIED" | "STATUS", text: string): ExchangeError {
    return new ExchangeError(`ERR_EMPREINTE_EXCHANGE_${code}`, `${this.#options.http.host} ${text}`);
  }

  async close(): Promise<void> {
    await this.#options.http.close();
  }
}

/** Reads a small answer. What is no JSON object has nothing in it. */
async function jsonOf(response: FetchResponse): Promise<Record<string, unknown>> {
  try {
    const value = JSON.parse(await response.text()) as unknown;
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
