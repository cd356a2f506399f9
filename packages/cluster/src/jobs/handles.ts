/** From the handle of a job to its bytes. */
import { realpath } from "node:fs/promises";
import { relative, isAbsolute, sep } from "node:path";
import { Fetcher, type FetcherOptions } from "empreinte-fetch";
import type { Matcher } from "empreinte/bank";
import { ClusterError, codeOf } from "../errors.js";
import type { Handle } from "./job.js";

/** What a worker can check: a path, bytes, or a stream of bytes. */
export type Upload = Parameters<Matcher["checkImage"]>[0];

/** Which handles a worker opens. Without any option it opens URLs of public addresses alone. */
export interface HandleOptions {
  /** The folders from which paths may be opened. A link that leads outside is refused. Default: none. */
  roots?: readonly string[];
  /** How URLs are fetched. Name the platform's own servers in `trustedOrigins`. */
  fetcher?: FetcherOptions;
  /** Fetches what a key names, as from an object store. What it throws is a reason to try again. */
  fetch?: (key: string, options: { signal: AbortSignal; maxBytes: number }) => Promise<Upload>;
  /** The most bytes that are fetched for a URL, and what `fetch` gets as its limit. Default 67,108,864. */
  maxBytes?: number;
}

/** The job cannot succeed, however often it is tried. */
export class HopelessError extends ClusterError {
  constructor(message: string) {
    super("ERR_EMPREINTE_CLUSTER_HANDLE", message);
  }
}

/** Statuses that do not change by trying again. */
const hopeless = new Set([400, 404, 405, 406, 410, 414, 451]);

/** Opens handles. */
export class Handles {
  readonly #options: HandleOptions;
  readonly #fetcher: Fetcher;
  readonly #maxBytes: number;

  /** @throws {FetchError} if the options of the fetcher are not valid. */
  constructor(options: HandleOptions) {
    this.#options = options;
    this.#fetcher = new Fetcher(options.fetcher);
    this.#maxBytes = options.maxBytes ?? 2 ** 26;
  }

  /**
   * Returns the upload that a handle names. @throws {ClusterError} {FetchError} and what the caller's `fetch` throws.
   */
  async open(handle: Handle, signal: AbortSignal): Promise<Upload> {
    if ("path" in handle) return this.#path(handle.path);
    if ("url" in handle) return this.#url(handle.url, signal);
    const { fetch } = this.#options;
    if (fetch !== undefined) return fetch(handle.key, { signal, maxBytes: this.#maxBytes });
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_HANDLE", "This worker has no function that fetches keys");
  }

  close(): Promise<void> {
    return this.#fetcher.close();
  }

  async #path(path: string): Promise<string> {
    const { roots = [] } = this.#options;
    if (!isAbsolute(path)) throw new HopelessError("The path is not absolute");
    let real: string;
    try {
      real = await realpath(path);
    } catch (error) {
      // The file may come later, and the system's own message has the path.
      const text = `The file cannot be opened: ${codeOf(error) ?? "unknown"}`;
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_HANDLE", text, { cause: error });
    }
    for (const root of roots) {
      const inside = relative(await realpath(root), real);
      if (inside !== "" && inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside)) return real;
    }
    throw new HopelessError("The path is in no folder that this worker may read");
  }

  async #url(url: string, signal: AbortSignal): Promise<Uint8Array> {
    const response = await this.#fetcher.fetch(url, { signal, maxBytes: this.#maxBytes, deadlineSeconds: 3600 });
    if (response.status === 200) return response.bytes();
    response.discard();
    const text = `The server answers with status ${response.status}`;
    if (hopeless.has(response.status)) throw new HopelessError(text);
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_HANDLE", text);
  }
}
