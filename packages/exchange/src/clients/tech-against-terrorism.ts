/** Tech Against Terrorism's hash list, version 2. */
import type { EntryInput } from "empreinte/bank";
import type { FetchResponse } from "empreinte-fetch";
import { badPage, ExchangeError } from "../errors.js";
import type { HttpClient } from "../http/http-client.js";
import type { ExchangeClient, ExchangePage, PageEnd, PageOptions, Position } from "./client.js";
import { openListPage } from "./list-page.js";

export interface TechAgainstTerrorismOptions {
  http: HttpClient;
  user: string;
  password: string;
  /** Which list: "all", "islamist" or "far-right". Default "all". */
  list?: string;
}

/**
 * One login serves all pages. It is made anew when the exchange refuses the token. Items come by the time of their last
 * change, and the checkpoint of a page names its last item, so that each page is one.
 */
export class TechAgainstTerrorism implements ExchangeClient {
  readonly name = "Tech Against Terrorism";
  readonly resumeSeconds = 3600;
  readonly staleDays = undefined;
  readonly wholeLists = false;
  readonly #options: TechAgainstTerrorismOptions;
  #token: string | undefined;

  constructor(options: TechAgainstTerrorismOptions) {
    this.#options = options;
  }

  async page({ checkpoint, resume }: Position, { signal, note }: PageOptions): Promise<ExchangePage> {
    const query = new URLSearchParams(resume);
    if (resume === undefined) {
      query.set("limit", "1000");
      query.set("order", "asc");
      if (checkpoint !== undefined) query.set("after", checkpoint);
    }
    const { body } = await this.#get(query, signal);
    const given = {
      exchange: this.name,
      format: "tech-against-terrorism" as const,
      note,
      ...(signal && { signal }),
    };
    const { list, entries } = await openListPage(body, given);
    let lastId: string | undefined;
    async function* noted(): AsyncGenerator<readonly EntryInput[]> {
      for await (const some of entries) {
        lastId = some.at(-1)?.id ?? lastId;
        yield some;
      }
    }
    const end = (): PageEnd => {
      const { next, importCursor } = list.page;
      if (next !== undefined) {
        const following = this.#next(next);
        // An item that changes meanwhile moves to the end, and the link, which counts items, would pass over another.
        if (lastId !== undefined && importCursor?.endsWith(`,${lastId}`) && importCursor !== checkpoint)
          return { position: { checkpoint: importCursor }, done: false };
        if (following === query.toString()) throw badPage(this.name, "its link leads to itself");
        return {
          position: { ...(checkpoint && { checkpoint }), resume: following },
          done: false,
        };
      }
      const reached = importCursor ?? checkpoint;
      return {
        position: { ...(reached !== undefined && { checkpoint: reached }) },
        done: true,
      };
    };
    return { entries: noted(), end };
  }

  async close(): Promise<void> {
    await this.#options.http.close();
  }

  async #get(query: URLSearchParams, signal: AbortSignal | undefined): Promise<FetchResponse> {
    const { http, list = "all" } = this.#options;
    for (let logins = 0; ; logins++) {
      if (this.#token === undefined) this.#token = await this.#login(signal);
      const headers = { authorization: `Bearer ${this.#token}` };
      const path = `api/hash-list/v2/${encodeURIComponent(list)}?${query.toString()}`;
      try {
        return await http.send({ path, headers, ...(signal && { signal }) });
      } catch (error) {
        const refused = error instanceof ExchangeError && error.code === "ERR_EMPREINTE_EXCHANGE_DENIED";
        this.#token = undefined;
        if (!refused || logins > 0) throw error;
      }
    }
  }

  async #login(signal: AbortSignal | undefined): Promise<string> {
    const { http, user, password } = this.#options;
    const body = new URLSearchParams({
      username: user,
      password,
      resend: "False",
    }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = await http.send({
      path: "token-auth/tcap/",
      method: "POST",
      headers,
      body,
      ...(signal && { signal }),
    });
    const text = await response.text();
    let token: unknown;
    try {
      ({ token } = JSON.parse(text) as { token?: unknown });
    } catch {
      // Below.
    }
    if (typeof token === "string" && token !== "") return token;
    throw new ExchangeError("ERR_EMPREINTE_EXCHANGE_DENIED", `${http.host} answers a login without a token`);
  }

  /** Takes the query of a link, which must lead to the same list. @throws {ExchangeError} */
  #next(link: string): string {
    const { base } = this.#options.http;
    const url = URL.canParse(link, base.href) ? new URL(link, base) : undefined;
    if (url?.origin === base.origin && url.pathname.includes("/hash-list/")) return url.searchParams.toString();
    throw badPage(this.name, "its link to the next page leads elsewhere");
  }
}
