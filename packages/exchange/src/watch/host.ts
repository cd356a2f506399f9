/** One host: its rules, its pace, and the page that it has for what is missing. */
import { createHash, randomBytes } from "node:crypto";
import { type Fetcher, FetchError, type FetchResponse } from "empreinte-fetch";
import type { Environment } from "../environment.js";
import type { SeenPage } from "./judge.js";
import { digestOf, wordsOf } from "./page-text.js";
import { noRules, readRobots, type RobotsRules } from "./robots.js";

export interface HostOptions {
  fetcher: Fetcher;
  environment: Environment;
  /** Seconds between two requests to the host, at least. */
  pauseSeconds: number;
  signal?: AbortSignal | undefined;
}

/** What was fetched: the page, and the bytes for as long as they are compared. */
export interface Fetched {
  page: SeenPage;
  bytes: Buffer;
  headers: Readonly<Record<string, string>>;
}

const agent = "empreinte-watch";
const pageBytes = 2 ** 25;

/** Requests to one host, one after the other, and never faster than it allows. */
export class Host {
  readonly #options: HostOptions;
  #nextAt = 0;
  #rules: RobotsRules | undefined;
  readonly #missing: Map<string, SeenPage | undefined> = new Map();

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** Whether robots.txt allows an address. It is fetched once. A host that does not answer it properly allows nothing yet. */
  async allows(address: string): Promise<boolean> {
    const url = new URL(address);
    this.#rules ??= await this.#robots(url.origin);
    return this.#rules.allows(`${url.pathname}${url.search}`);
  }

  /** Fetches an address. @throws {FetchError} */
  async fetch(address: string, headers: Record<string, string> = {}): Promise<Fetched> {
    const response = await this.#request(address, headers);
    const bytes = await response.bytes();
    const isText = /^(text\/|application\/xhtml)/i.test(response.headers["content-type"] ?? "");
    const words = isText ? wordsOf(bytes.toString("utf8")) : undefined;
    const digest = words ? digestOf(words) : createHash("sha256").update(bytes).digest("hex").slice(0, 15);
    const { status, url: answered } = response;
    return { page: { status, requested: address, answered, words, digest }, bytes, headers: response.headers };
  }

  /** Fetches what the host has for a name that it cannot have, in the folder of this address. Once for each folder. */
  async missing(address: string): Promise<SeenPage | undefined> {
    const folder = new URL(".", address);
    folder.search = "";
    if (!this.#missing.has(folder.href)) {
      const name = `empreinte-${randomBytes(5).toString("hex")}`;
      const page = await this.fetch(new URL(name, folder).href).then(
        (fetched) => fetched.page,
        () => undefined,
      );
      this.#missing.set(folder.href, page);
    }
    return this.#missing.get(folder.href);
  }

  async #request(address: string, headers: Record<string, string>): Promise<FetchResponse> {
    const { environment, fetcher, pauseSeconds, signal } = this.#options;
    const wait = this.#nextAt - environment.now();
    if (wait > 0) await environment.sleep(wait, signal);
    const pause = Math.max(pauseSeconds, this.#rules?.delaySeconds ?? 0);
    this.#nextAt = environment.now() + 1000 * pause;
    const more = signal === undefined ? {} : { signal };
    return fetcher.fetch(address, { headers, deadlineSeconds: 60, maxBytes: pageBytes, maxRedirects: 5, ...more });
  }

  async #robots(origin: string): Promise<RobotsRules> {
    const response = await this.#request(`${origin}/robots.txt`, {});
    const { status } = response;
    if (status >= 200 && status < 300) return readRobots(await response.text(), agent);
    response.discard();
    // Without the file everything is allowed. A host in trouble is left alone.
    if (status < 500 && status !== 429) return noRules;
    throw new FetchError("ERR_EMPREINTE_FETCH_NETWORK", `robots.txt has status ${status}`);
  }
}
