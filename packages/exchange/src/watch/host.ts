/** One host: its rules, its pace, and the page that it has for what is missing. */
import { createHash, randomBytes } from "node:crypto";
import { type Fetcher, FetchError, type FetchResponse } from "empreinte-fetch";
import type { Environment } from "../environment.js";
import type { SeenPage } from "./judge.js";
import { mediaOf } from "./page-media.js";
import { digestOf, textOf, wordsOf } from "./page-text.js";
import { noRules, readRobots, type RobotsRules } from "./robots.js";
import type { Slots } from "./slots.js";

export interface HostOptions {
  fetcher: Fetcher;
  environment: Environment;
  /** Seconds between two requests to the host, at least. */
  pauseSeconds: number;
  /** Seconds for a request, without the time that a large body waits for its slot. */
  deadlineSeconds: number;
  /** The MiB that large bodies of all hosts have at a time. */
  largeBodies: Slots;
  signal?: AbortSignal | undefined;
}

/** What was fetched: the page with what it shows, or the bytes of a file for as long as they are compared. */
export interface Fetched {
  page: SeenPage;
  headers: Readonly<Record<string, string>>;
  /** The addresses of the images and videos of a page of text, at most 20. */
  media: string[];
  /** The bytes of a file. None of a page of text, and of a file that has more than are read. */
  bytes: Buffer;
  /** Whether it has more bytes than are read. Of a page of text the first ones count; of a file nothing can be said. */
  more: boolean;
  /** Frees the room of the bytes. Call it when they are compared. */
  release(): void;
}

const agent = "empreinte-watch";
/** The most bytes of each kind that are read. */
const mostBytes = { text: 2 ** 20, image: 2 ** 24, video: 2 ** 26 } as const;
type Kind = keyof typeof mostBytes;
const mib = 2 ** 20;
/** A larger body needs slots, one for each MiB that it may take. */
const smallBytes = 2 ** 16;
const mostMedia = 20;
/** Pages for what is missing that are kept, one a folder. */
const mostMissing = 8;

/** Requests to one host, one after the other, and never faster than it allows. */
export class Host {
  readonly #options: HostOptions;
  #nextAt = 0;
  #rules: Promise<RobotsRules> | undefined;
  #delaySeconds = 0;
  readonly #missing: Map<string, SeenPage | undefined> = new Map();

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /**
   * Returns whether robots.txt allows an address. It is fetched once. A host that does not answer it properly allows
   * nothing in this run. @throws {FetchError}
   */
  async allows(address: string): Promise<boolean> {
    const url = new URL(address);
    this.#rules ??= this.#robots(url.origin);
    const rules = await this.#rules;
    this.#delaySeconds = rules.delaySeconds ?? 0;
    return rules.allows(`${url.pathname}${url.search}`);
  }

  /** Fetches an address. @throws {FetchError} */
  async fetch(address: string, headers: Record<string, string> = {}): Promise<Fetched> {
    return this.#request(address, headers, async (response, clock) => {
      const { status, url: answered, headers: sent } = response;
      const type = sent["content-type"] ?? "";
      const kind = kindOf(type);
      const body = await this.#read(response, kind, clock);
      const page = { status, requested: address, answered };
      if (kind !== "text" && !(isUnsaid(type) && isHtml(body.bytes))) {
        const digest = createHash("sha256").update(body.bytes).digest("hex").slice(0, 15);
        return { page: { ...page, words: undefined, digest }, headers: sent, media: [], ...body };
      }
      const html = textOf(body.bytes.subarray(0, mostBytes.text), type);
      const words = wordsOf(html).join(" ");
      const media = mediaOf(html, answered, mostMedia);
      // Images in the page itself are parts of its text, which stays in memory with them.
      if (!media.some((one) => one.startsWith("data:"))) body.release();
      const seen = { ...page, words, digest: digestOf(words) };
      return { ...body, page: seen, headers: sent, media, bytes: Buffer.alloc(0) };
    });
  }

  /**
   * Fetches what the host has for a name that it cannot have, in the folder of this address. It is kept for the next
   * ones in that folder.
   */
  async missing(address: string): Promise<SeenPage | undefined> {
    const folder = new URL(".", address);
    folder.search = "";
    if (!this.#missing.has(folder.href)) {
      const name = `empreinte-${randomBytes(5).toString("hex")}`;
      const page = await this.fetch(new URL(name, folder).href).then(
        ({ page: seen, release }) => {
          release();
          return seen;
        },
        () => undefined,
      );
      this.#missing.set(folder.href, page);
      for (const [oldest] of this.#missing) {
        if (this.#missing.size <= mostMissing) break;
        this.#missing.delete(oldest);
      }
    }
    return this.#missing.get(folder.href);
  }

  /** Sends a request when the host's pause is over, and reads its answer in time. @throws {FetchError} */
  async #request<T>(
    address: string,
    headers: Record<string, string>,
    read: (response: FetchResponse, clock: Clock) => Promise<T>,
  ): Promise<T> {
    const { fetcher, deadlineSeconds, signal } = this.#options;
    const clock = new Clock(new URL(address).hostname, 1000 * deadlineSeconds);
    const both = signal === undefined ? clock.signal : AbortSignal.any([signal, clock.signal]);
    const given = { deadlineSeconds: longestSeconds, maxBytes: Number.MAX_SAFE_INTEGER, maxRedirects: 5 };
    const send = async (): Promise<FetchResponse> => {
      clock.stop();
      await this.#turn();
      clock.start();
      return fetcher.fetch(address, { headers, ...given, signal: both });
    };
    try {
      const response = await send().catch((error: unknown) => {
        // A connection that a host had left open may end just when it is used again, which says nothing about the host.
        if (error instanceof FetchError && error.code === "ERR_EMPREINTE_FETCH_NETWORK") return send();
        throw error;
      });
      return await read(response, clock);
    } finally {
      clock.stop();
    }
  }

  /** Waits for the end of the host's pause, and begins another one. */
  async #turn(): Promise<void> {
    const { environment, pauseSeconds, signal } = this.#options;
    const wait = this.#nextAt - environment.now();
    if (wait > 0) await environment.sleep(wait, signal);
    this.#nextAt = environment.now() + 1000 * Math.max(pauseSeconds, this.#delaySeconds);
  }

  /** Reads a body as far as its kind allows. What is not small waits for a slot, and not at the host's expense. */
  async #read(
    { body, headers, discard }: FetchResponse,
    kind: Kind,
    clock: Clock,
  ): Promise<Pick<Fetched, "bytes" | "more" | "release">> {
    const stated = statedBytes(headers);
    if (kind !== "text" && stated !== undefined && stated > mostBytes[kind]) {
      discard();
      return { bytes: Buffer.alloc(0), more: true, release: () => undefined };
    }
    // Its parts are put together, so that for a moment it is in memory twice.
    const needed = Math.ceil((2 * Math.min(stated ?? Infinity, mostBytes[kind])) / mib);
    const chunks: Uint8Array[] = [];
    let [size, more] = [0, false];
    let release: (() => void) | undefined;
    try {
      for await (const chunk of body) {
        const room = mostBytes[kind] - size;
        chunks.push(chunk.subarray(0, room));
        size += chunk.byteLength;
        if ((more = chunk.byteLength > room)) break;
        if (size <= smallBytes || release !== undefined) continue;
        clock.stop();
        release = await this.#options.largeBodies.take(this.#options.signal, needed);
        clock.start();
      }
      // Nothing can be said of a part of a file.
      if (more && kind !== "text") chunks.length = 0;
      return { bytes: Buffer.concat(chunks), more, release: release ?? ((): void => undefined) };
    } catch (error) {
      release?.();
      throw error;
    }
  }

  async #robots(origin: string): Promise<RobotsRules> {
    return this.#request(`${origin}/robots.txt`, {}, async (response, clock) => {
      const { status } = response;
      if (status >= 200 && status < 300) {
        const { bytes, release } = await this.#read(response, "text", clock);
        release();
        return readRobots(bytes.toString("utf8"), agent);
      }
      response.discard();
      // Without the file everything is allowed. A host in trouble is left alone.
      if (status < 500 && status !== 429) return noRules;
      throw new FetchError("ERR_EMPREINTE_FETCH_NETWORK", `robots.txt has status ${status}`);
    });
  }
}

/** The fetcher's own deadline: the clock of a request is stopped while a body waits for its slot. */
const longestSeconds = 3600;

/** Returns how many bytes a body has; undefined if its headers do not say. */
function statedBytes(headers: Fetched["headers"]): number | undefined {
  const { "content-length": length = "", "content-encoding": encoding = "identity" } = headers;
  return encoding === "identity" && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** Returns whether a type says nothing about the content. */
const isUnsaid = (type: string): boolean => /^\s*($|application\/octet-stream)/i.test(type);

/** Returns whether a file is a page, by its first bytes. */
const isHtml = (bytes: Buffer): boolean =>
  /^\s*<(!doctype\s+html|html|head|body)[\s>]/i.test(bytes.toString("latin1", 0, 1024).replace(/^ï»¿/, ""));

function kindOf(type: string): Kind {
  if (/^(text\/|application\/xhtml)/i.test(type)) return "text";
  return /^video\//i.test(type) ? "video" : "image";
}

/** The deadline of a request, which can be stopped. */
class Clock {
  readonly #controller = new AbortController();
  readonly #host: string;
  #left: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: string, milliseconds: number) {
    this.#host = host;
    this.#left = milliseconds;
    this.start();
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(): void {
    const late = (): void =>
      this.#controller.abort(new FetchError("ERR_EMPREINTE_FETCH_TIMEOUT", `${this.#host} did not answer in time`));
    this.#startedAt = performance.now();
    this.#timer = setTimeout(late, Math.max(0, this.#left));
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#left -= performance.now() - this.#startedAt;
  }
}
