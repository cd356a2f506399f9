import type { Dispatcher, request } from "undici";
import { addressRule, isPublicAddress } from "./addresses.js";
import { acceptedEncodings } from "./body.js";
import { FetchError, invalid, networkError } from "./errors.js";
import { checkedLookup } from "./lookup.js";
import { type CheckedFetch, checkFetch, type FetcherOptions, type FetchOptions, number } from "./options.js";
import { type FetchResponse, openResponse } from "./response.js";
import { checkTarget, isOnion, parseUrl } from "./url.js";

const redirectStatus = new Set([301, 302, 303, 307, 308]);
const secretHeader = /^(authorization|cookie|proxy-authorization|.*key.*|.*token.*|.*secret.*)$/;

/** The agents that make connections. */
interface Connections {
  request: typeof request;
  /** Connects to addresses that must be checked. */
  guarded: Dispatcher;
  /** Connects to origins that the operator has named. */
  open: Dispatcher;
  onion: Dispatcher | undefined;
}

/**
 * Fetches what strangers point at. It connects only to public addresses: a name is resolved once, all of its addresses
 * are checked, and the connection goes to one of them. Each redirect is checked like the first address. Bodies are
 * streams with a limit, and one deadline covers everything.
 *
 * @example
 * const fetcher = new Fetcher();
 * const response = await fetcher.fetch("https://example.org/image.jpg", { maxBytes: 2 ** 24, deadlineSeconds: 20 });
 * for await (const chunk of response.body) hash.update(chunk);
 * await fetcher.close();
 */
export class Fetcher {
  readonly #allowed: (address: string) => boolean;
  readonly #trusted: ReadonlySet<string>;
  readonly #userAgent: string;
  readonly #connect: () => Promise<Connections>;
  /** undici is loaded at the first fetch: it is more than a hundred files, and most processes fetch nothing. */
  #connections: Promise<Connections> | undefined;
  #closed = false;

  /** @throws {FetchError} `ERR_EMPREINTE_INVALID_ARGUMENT`, `ERR_EMPREINTE_FETCH_URL` */
  constructor(options: FetcherOptions = {}) {
    const { allow, trustedOrigins = [], ca, onionProxy, userAgent = "empreinte-fetch" } = options;
    this.#allowed = addressRule(allow);
    this.#trusted = new Set(trustedOrigins.map((origin) => parseUrl(origin).origin));
    this.#userAgent = userAgent;
    const connections = number("connections", options.connections ?? 8, 1, 256);
    const tls = ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] };
    const common = { connections, pipelining: 1, allowH2: false };
    const proxy = onionProxy === undefined ? undefined : checkProxy(onionProxy);
    this.#connect = async () => {
      const { Agent, request } = await import("undici");
      const guarded = new Agent({ ...common, connect: { ...tls, lookup: checkedLookup(this.#allowed) } });
      const open = new Agent({ ...common, connect: tls });
      return { request, guarded, open, onion: proxy === undefined ? undefined : await proxyAgent(proxy) };
    };
  }

  /**
   * Fetches an address. It resolves when the headers have come.
   * @returns the answer, whatever its status, except a redirect, which is followed.
   * @throws {FetchError} It also rejects with the reason of `signal`.
   */
  async fetch(address: string | URL, options?: FetchOptions): Promise<FetchResponse> {
    const checked = checkFetch(options);
    const { deadlineSeconds, signal } = checked;
    signal?.throwIfAborted();
    const url = parseUrl(address);
    const controller = new AbortController();
    const late = (): void =>
      controller.abort(
        new FetchError("ERR_EMPREINTE_FETCH_TIMEOUT", `${url.hostname} took more than ${deadlineSeconds} seconds`),
      );
    const timer = setTimeout(late, 1000 * deadlineSeconds);
    const cancel = (): void => controller.abort(signal?.reason);
    signal?.addEventListener("abort", cancel, { once: true });
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    };
    try {
      return await this.#follow(url, checked, controller.signal, done);
    } catch (error) {
      done();
      throw controller.signal.aborted ? controller.signal.reason : error;
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#connections === undefined) return;
    const { guarded, open, onion } = await this.#connections;
    await Promise.all([guarded.destroy(), open.destroy(), onion?.destroy()]);
  }

  async #follow(first: URL, checked: CheckedFetch, signal: AbortSignal, done: () => void): Promise<FetchResponse> {
    const { maxRedirects, maxBytes } = checked;
    const redirects: string[] = [];
    const { method, body } = checked;
    let { headers } = checked;
    for (let url = first; ;) {
      const { hostname: host } = url;
      const through = this.#route(url, url.origin === first.origin);
      const answer = await this.#request(url, { method, headers, body, signal, through });
      const status = answer.statusCode;
      if (!redirectStatus.has(status)) {
        const open = { host, status, headers: flatten(answer.headers), url: url.href, redirects, raw: answer.body };
        const bodiless = method === "HEAD" || status === 204 || status === 304;
        return openResponse({
          ...open,
          maxBytes,
          bodiless,
          ended: () => (signal.aborted ? signal.reason : undefined),
          done,
        });
      }
      answer.body.on("error", () => undefined);
      answer.body.destroy();
      const next = redirectTarget(url, answer.headers["location"]);
      if ((method !== "GET" && method !== "HEAD") || redirects.length === maxRedirects) {
        const reason = maxRedirects === 0 || redirects.length < maxRedirects ? "redirects" : "redirects too often";
        throw new FetchError("ERR_EMPREINTE_FETCH_REDIRECT", `${host} ${reason}`);
      }
      redirects.push(url.href);
      if (next.origin !== url.origin) {
        headers = Object.fromEntries(Object.entries(headers).filter(([name]) => !secretHeader.test(name)));
      }
      url = next;
    }
  }

  /** Checks where a request goes, and returns through which connections. */
  #route(url: URL, isFirstOrigin: boolean): "guarded" | "open" | "onion" {
    // A stranger must not reach a trusted origin by a redirect.
    if (isFirstOrigin && this.#trusted.has(url.origin)) return "open";
    if (isOnion(url)) return "onion";
    checkTarget(url, this.#allowed, isPublicAddress);
    return "guarded";
  }

  async #request(
    url: URL,
    given: Pick<CheckedFetch, "method" | "headers" | "body"> & {
      signal: AbortSignal;
      through: "guarded" | "open" | "onion";
    },
  ): Promise<Dispatcher.ResponseData> {
    const { method, headers, body = null, signal, through } = given;
    const sent = { "user-agent": this.#userAgent, "accept-encoding": acceptedEncodings, ...headers };
    if (this.#closed) throw new FetchError("ERR_EMPREINTE_FETCH_NETWORK", `${url.hostname}: the fetcher is closed`);
    const connections = await (this.#connections ??= this.#connect());
    const { request, [through]: dispatcher } = connections;
    signal.throwIfAborted();
    if (dispatcher === undefined) {
      throw new FetchError("ERR_EMPREINTE_FETCH_ADDRESS", `${url.hostname} needs the option onionProxy`);
    }
    try {
      // The deadline covers all; undici's own limits of time are off.
      const times = { headersTimeout: 0, bodyTimeout: 0 };
      return await request(url, { method, headers: sent, body, signal, dispatcher, ...times });
    } catch (error) {
      throw networkError(url.hostname, error);
    }
  }
}

function redirectTarget(from: URL, location: string | string[] | undefined): URL {
  const target = Array.isArray(location) ? location[0] : location;
  if (target !== undefined) return parseUrl(target, from);
  throw new FetchError("ERR_EMPREINTE_FETCH_REDIRECT", `${from.hostname} redirects nowhere`);
}

function flatten(headers: Dispatcher.ResponseData["headers"]): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Record<string, string>;
}

/** Checks the address of a proxy that the operator has named. @throws {FetchError} */
function checkProxy(address: string): string {
  const { protocol } = URL.canParse(address) ? new URL(address) : { protocol: "" };
  if (protocol === "socks5:" || protocol === "http:") return address;
  throw invalid("onionProxy", "an address that begins with socks5:// or http://");
}

async function proxyAgent(address: string): Promise<Dispatcher> {
  const { ProxyAgent, Socks5ProxyAgent } = await import("undici");
  if (new URL(address).protocol === "socks5:") return new Socks5ProxyAgent(address);
  return new ProxyAgent({ uri: address, proxyTunnel: true });
}
