import { Fetcher, type FetchOptions, type FetchResponse } from "empreinte-fetch";
import type { Environment } from "../environment.js";
import { ExchangeError, invalid, sentence } from "../errors.js";
import { isRetriedError, isRetriedStatus, pauseBefore, retryAfter, type RetryOptions } from "./retry.js";

export interface HttpOptions {
  /** The address below which all requests are: "https://api.stopncii.org/v1". */
  base: string;
  environment: Environment;
  retry?: RetryOptions;
  /** Seconds for each request, to its last byte. Default 120. */
  deadlineSeconds?: number;
  /** The most bytes of an answer. Default 536,870,912. */
  maxBytes?: number;
  /** Certificates of authorities in PEM, in place of those of the system. */
  ca?: string;
}

/** One request. */
export interface HttpRequest extends Pick<FetchOptions, "method" | "headers" | "body" | "signal"> {
  /** The path below the base, such as "FetchHashes". */
  path: string;
  query?: Readonly<Record<string, string>>;
  /** Statuses, besides 200 … 299, that the caller takes. */
  accept?: readonly number[];
  /** How often this request is sent, in place of the client's own number. */
  tries?: number;
}

/**
 * Requests below one base address that an operator has named. A redirect is an error, so that a secret goes nowhere
 * else. What may be tried again is tried again, after a pause. Errors name the host alone.
 */
export class HttpClient {
  /** The base, which ends in a slash. */
  readonly base: URL;
  readonly #options: HttpOptions;
  readonly #fetcher: Fetcher;

  /** @throws {ExchangeError} */
  constructor(options: HttpOptions) {
    if (!URL.canParse(options.base)) throw invalid("base", "a URL");
    const base = new URL(options.base);
    if (base.search !== "" || base.hash !== "" || base.username !== "")
      throw invalid("base", "a URL of scheme, host and path");
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    this.base = base;
    this.#options = options;
    const ca = options.ca === undefined ? {} : { ca: options.ca };
    this.#fetcher = new Fetcher({
      trustedOrigins: [base.origin],
      userAgent: "empreinte-exchange",
      ...ca,
    });
  }

  /** The host, as errors name it. */
  get host(): string {
    return this.base.host;
  }

  /**
   * Sends a request, again where that may help.
   * @returns an answer with a status of 200 … 299, or one of `accept`.
   * @throws {ExchangeError} It also rejects with the reason of the signal.
   */
  async send(request: HttpRequest): Promise<FetchResponse> {
    const { environment, retry = {} } = this.#options;
    const tries = request.tries ?? retry.tries ?? 5;
    for (let failures = 1; ; failures++) {
      let said: number | undefined;
      let failure: ExchangeError;
      try {
        const response = await this.#once(request);
        const { status } = response;
        if ((status >= 200 && status < 300) || request.accept?.includes(status)) return response;
        response.discard();
        said = retryAfter(response.headers["retry-after"], environment.now());
        failure = this.#refusal(status, said);
        if (!isRetriedStatus(status)) throw failure;
      } catch (error) {
        request.signal?.throwIfAborted();
        if (!isRetriedError(error)) throw error;
        failure = new ExchangeError("ERR_EMPREINTE_EXCHANGE_UNAVAILABLE", sentence(error), { cause: error });
      }
      if (failures >= tries) throw failure;
      await environment.sleep(pauseBefore(failures, said, retry, environment), request.signal);
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#fetcher.close();
  }

  async #once({ path, query = {}, method, headers, body, signal }: HttpRequest): Promise<FetchResponse> {
    const url = new URL(path, this.base);
    // A path of an answer must not lead elsewhere.
    if (url.origin !== this.base.origin) throw invalid("path", "a path below the base");
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const { deadlineSeconds = 120, maxBytes = 2 ** 29 } = this.#options;
    return this.#fetcher.fetch(url, {
      ...(method !== undefined && { method }),
      ...(headers !== undefined && { headers }),
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal }),
      deadlineSeconds,
      maxBytes,
      maxRedirects: 0,
    });
  }

  #refusal(status: number, retryAfter: number | undefined): ExchangeError {
    if (status === 401 || status === 403) {
      const text = `${this.host} refuses the credentials, with status ${status}`;
      return new ExchangeError("ERR_EMPREINTE_EXCHANGE_DENIED", text, {
        status,
      });
    }
    const code = isRetriedStatus(status) ? "ERR_EMPREINTE_EXCHANGE_UNAVAILABLE" : "ERR_EMPREINTE_EXCHANGE_STATUS";
    return new ExchangeError(code, `${this.host} answers with status ${status}`, { status, retryAfter });
  }
}
