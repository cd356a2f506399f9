/** Arachnid Shield: a matcher of the Canadian Centre for Child Protection. It gives answers, and no list. */
import { badPage, sentence } from "../errors.js";
import type { HttpClient } from "../http/http-client.js";
import type { RemoteFinding, RemoteMatcher, RemoteQuery } from "./remote-matcher.js";

export interface ArachnidShieldOptions {
  http: HttpClient;
  user: string;
  password: string;
  /** `"hashes"`: the PDQ hashes of an image. `"file"`: its bytes, which also find exact copies. Default `"hashes"`. */
  sends?: "hashes" | "file";
}

const noMatch = "no-known-match";
const knownLabels = new Set(["csam", "harmful-abusive-material", "harmful-to-children", "test"]);

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The client of Arachnid Shield's interface, version 1. Of an answer only the classification and the kind of match are
 * used.
 */
export class ArachnidShield implements RemoteMatcher {
  readonly name = "arachnid-shield";
  readonly sends: "hashes" | "file";
  readonly #http: HttpClient;
  readonly #authorization: string;

  constructor({ http, user, password, sends = "hashes" }: ArachnidShieldOptions) {
    this.#http = http;
    this.sends = sends;
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  }

  async find({ hashes, file }: RemoteQuery, signal: AbortSignal): Promise<RemoteFinding[]> {
    if (this.sends === "file") {
      const answer = await this.#ask("v1/media/", file!.bytes, file!.type, signal);
      return [this.#finding(answer)].flatMap((one) => one ?? []);
    }
    const names = [...new Set(hashes.map((hash) => Buffer.from(hash, "hex").toString("base64")))];
    const body = JSON.stringify({ hashes: names });
    const answer = await this.#ask("v1/pdq/", body, "application/json", signal);
    const answers = isObject(answer["scanned_hashes"]) ? answer["scanned_hashes"] : {};
    // A hash without an answer is not one without a match.
    return names.flatMap((name) => this.#finding(Object.hasOwn(answers, name) ? answers[name] : undefined) ?? []);
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  async #ask(path: string, body: string | Uint8Array, type: string, signal: AbortSignal): Promise<Fields> {
    const headers = { authorization: this.#authorization, "content-type": type, accept: "application/json" };
    const response = await this.#http.send({ path, method: "POST", headers, body, signal, tries: 1 });
    let answer: unknown;
    try {
      answer = JSON.parse(await response.text());
    } catch (error) {
      signal.throwIfAborted();
      throw badPage(this.name, "it is cut off, or is no JSON", error);
    }
    if (isObject(answer)) return answer;
    throw badPage(this.name, "it is no answer");
  }

  /** @throws {ExchangeError} for an answer that does not say whether there is a match. */
  #finding(answer: unknown): RemoteFinding | undefined {
    const { classification, match_type: kind } = isObject(answer) ? answer : ({} as Fields);
    if (typeof classification !== "string" || classification === "") {
      throw badPage(this.name, "it does not say whether there is a match");
    }
    if (classification === noMatch) {
      if (kind === undefined || kind === null) return undefined;
      throw badPage(this.name, "it has a match and none at the same time");
    }
    const label =
      sentence(classification)
        .replaceAll(/[^\w-]/g, "")
        .slice(0, 64) || "unnamed";
    return { kind: kind === "exact" ? "exact" : "near", label, ...(!knownLabels.has(label) && { unknown: true }) };
  }
}
