/**
 * The media of cards: not held at all, fetched from the platform, or held in memory, encrypted with this process's key.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type Fetcher, FetchError, type FetchResponse } from "empreinte-fetch";
import type { Config } from "../config/options.js";
import { notFound, ServiceError } from "../core/errors.js";
import { readSecret } from "../core/secrets.js";

const nonceBytes = 12;

interface Held {
  nonce: Buffer;
  tag: Buffer;
  sealed: Buffer;
  expires: number;
}

/** Images that this process holds. Nobody else has the key, and it ends with the process. */
export class HeldMedia {
  readonly #config: Config;
  readonly #now: () => number;
  readonly #key = randomBytes(32);
  readonly #held = new Map<number, Held>();
  #bytes = 0;

  constructor(config: Config, now: () => number) {
    this.#config = config;
    this.#now = now;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Holds the image of a card. Returns false if there is no room. */
  hold(card: number, bytes: Buffer): boolean {
    this.sweep();
    if (this.#bytes + bytes.length > this.#config.reviewMediaBytes || this.#held.has(card)) return false;
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(`card ${card}`));
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const expires = this.#now() + this.#config.reviewMediaMinutes * 60_000;
    this.#held.set(card, { nonce, tag: cipher.getAuthTag(), sealed, expires });
    this.#bytes += sealed.length;
    return true;
  }

  /** The image of a card, until its deadline. */
  open(card: number): Buffer | undefined {
    this.sweep();
    const held = this.#held.get(card);
    if (held === undefined) return undefined;
    const { nonce, tag, sealed } = held;
    const cipher = createDecipheriv("aes-256-gcm", this.#key, nonce)
      .setAAD(Buffer.from(`card ${card}`))
      .setAuthTag(tag);
    return Buffer.concat([cipher.update(sealed), cipher.final()]);
  }

  has(card: number): boolean {
    this.sweep();
    return this.#held.has(card);
  }

  remove(card: number): void {
    const held = this.#held.get(card);
    if (held === undefined) return;
    this.#bytes -= held.sealed.length;
    held.sealed.fill(0);
    this.#held.delete(card);
  }

  /** Removes what is past its deadline, and what a clock that was set back would keep for longer. */
  sweep(): void {
    const now = this.#now();
    const latest = now + this.#config.reviewMediaMinutes * 60_000;
    for (const [card, { expires }] of this.#held) if (expires <= now || expires > latest) this.remove(card);
  }

  close(): void {
    for (const card of this.#held.keys()) this.remove(card);
    this.#key.fill(0);
  }
}

/**
 * Fetches the media of a reference from the platform. The caller discards the answer. @throws {ServiceError} 404, 502
 */
export async function fetchMedia(
  config: Config,
  fetcher: Fetcher,
  reference: string,
  maxBytes: number,
  deadlineSeconds: number,
  signal: AbortSignal,
): Promise<FetchResponse> {
  const { reviewMediaUrl, reviewMediaTokenFile } = config;
  const url = reviewMediaUrl.replaceAll("{reference}", encodeURIComponent(reference));
  const token = reviewMediaTokenFile === "" ? undefined : readSecret("reviewMediaTokenFile", reviewMediaTokenFile);
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let response: FetchResponse;
  try {
    response = await fetcher.fetch(url, { headers, maxBytes, deadlineSeconds, signal });
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    throw new ServiceError(502, "ERR_EMPREINTE_FETCH", `The platform did not give the media: ${error.message}`);
  }
  if (response.status === 200) return response;
  response.discard();
  if (response.status === 404 || response.status === 410) throw notFound("The platform no longer has the media");
  throw new ServiceError(502, "ERR_EMPREINTE_FETCH", `The platform did not give the media: status ${response.status}`);
}

/** Returns the bytes of a body in one piece. */
export async function wholeOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
