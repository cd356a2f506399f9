/** Another empreinte server: the feed of one of its banks. */
import type { EntryInput } from "empreinte/bank";
import { badPage, ExchangeError } from "../errors.js";
import type { HttpClient } from "../http/http-client.js";
import type { ExchangeClient, ExchangePage, PageEnd, PageOptions, Position } from "./client.js";

export interface EmpreinteServerOptions {
  http: HttpClient;
  /** A key of that server with the scope `share:BANK`. */
  key: string;
  /** What that server calls the bank. */
  bank: string;
  /** Only entries of this source of it. Default: all, also those that it has from exchanges. */
  source?: string;
}

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const signalTypes = new Set<unknown>(["pdq", "vpdq", "md5", "sha1", "sha256"]);

/**
 * The feed gives all entries, then what changed meanwhile, then what is new. A position never expires, but it is of one
 * history: a server that was restored from a backup refuses it. An entry's id here is its number there, which no other
 * entry of that history gets.
 */
export class EmpreinteServer implements ExchangeClient {
  readonly name = "the empreinte server";
  readonly resumeSeconds: number = Infinity;
  readonly staleDays = undefined;
  readonly wholeLists = false;
  readonly #options: EmpreinteServerOptions;

  constructor(options: EmpreinteServerOptions) {
    this.#options = options;
  }

  async page({ checkpoint, resume }: Position, { signal, note }: PageOptions): Promise<ExchangePage> {
    const { http, key, bank, source } = this.#options;
    const from = resume ?? checkpoint;
    const response = await http.send({
      path: `v1/banks/${encodeURIComponent(bank)}/feed`,
      query: { limit: "1000", ...(source !== undefined && { source }), ...(from !== undefined && { position: from }) },
      headers: { authorization: `Bearer ${key}` },
      accept: [409],
      ...(signal && { signal }),
    });
    if (response.status === 409) {
      response.discard();
      throw new ExchangeError("ERR_EMPREINTE_EXCHANGE_HISTORY", `${http.host} has another history than before`);
    }
    const page = this.#read(await response.text(), from);
    const entries = page.entries.map((entry) => this.#input(entry, note));
    const { position, more } = page;
    const end = (): PageEnd => {
      // Only what follows the list of all is safe to go on from when the list is begun anew.
      if (!position.startsWith("entries.")) return { position: { checkpoint: position }, done: !more };
      return { position: { resume: position }, done: false };
    };
    async function* once(): AsyncGenerator<readonly EntryInput[]> {
      yield entries;
    }
    return { entries: once(), end };
  }

  async close(): Promise<void> {
    await this.#options.http.close();
  }

  /** Takes a page apart. @throws {ExchangeError} for anything else, another bank, or a page that leads nowhere. */
  #read(text: string, from: string | undefined): { entries: unknown[]; position: string; more: boolean } {
    let page: unknown;
    try {
      page = JSON.parse(text);
    } catch {
      throw badPage(this.name, "it is truncated, or is not JSON");
    }
    const { bank, entries, position, more } = isObject(page) ? page : ({} as Fields);
    const fits = Array.isArray(entries) && typeof position === "string" && typeof more === "boolean";
    if (!fits || !/^(entries|changes)\.[\w.]{1,100}$/.test(position))
      throw badPage(this.name, "it is no page of a feed");
    if (bank !== this.#options.bank) throw badPage(this.name, "it is of another bank");
    if (!more && position.startsWith("entries.")) throw badPage(this.name, "it ends in the middle of the list");
    if (more && position === from) throw badPage(this.name, "there is more, but nothing leads to it");
    return { entries, position, more };
  }

  /** Makes of an entry of the feed what a bank takes. @throws {ExchangeError} for an entry that cannot be named. */
  #input(entry: unknown, note: PageOptions["note"]): EntryInput {
    const { entryNumber, status, signals, labels, cases, time } = isObject(entry) ? entry : ({} as Fields);
    const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
    if (!Number.isSafeInteger(entryNumber) || Number.isNaN(at)) {
      throw badPage(this.name, "an entry has no number or no time");
    }
    const common = { id: String(entryNumber), time: at };
    if (status === "withdrawn") return { ...common, status };
    const known = status === "active" || status === "quarantined";
    if (!known) note({ kind: "unknown-status", reason: "an entry has an unknown status; it does not match" });
    const given: unknown[] = Array.isArray(signals) ? signals : [];
    const taken = given.filter((signal) => isObject(signal) && signalTypes.has(signal["type"]));
    if (taken.length < given.length) note({ kind: "unknown-type", reason: "a signal has an unknown type" });
    // What it had before must not match any longer.
    if (taken.length === 0) return { ...common, status: "withdrawn" };
    return {
      ...common,
      status: status === "active" ? "active" : "quarantined",
      // The bank checks them, and reports what does not fit.
      signals: taken as NonNullable<EntryInput["signals"]>,
      ...(labels !== undefined && { labels: labels as NonNullable<EntryInput["labels"]> }),
      ...(cases !== undefined && { cases: cases as NonNullable<EntryInput["cases"]> }),
    };
  }
}
