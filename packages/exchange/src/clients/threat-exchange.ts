/** Meta's ThreatExchange: the updates of a privacy group, by the Graph API. */
import { badPage } from "../errors.js";
import type { HttpClient } from "../http/http-client.js";
import type { ExchangeClient, ExchangePage, PageEnd, PageOptions, Position } from "./client.js";
import { openListPage } from "./list-page.js";

export interface ThreatExchangeOptions {
  http: HttpClient;
  /** "app id|app secret". */
  token: string;
  /** The id of the privacy group. */
  group: string;
  /** Where the token is sent. The header keeps it out of the logs of proxies. Default "header". */
  tokenIn?: "header" | "query";
}

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

  async close(): Promise<void> {
    await this.#options.http.close();
  }
}
