/** What all simulated exchanges share: a small HTTP server, and faults on demand. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What can go wrong with an answer. */
export const faults = [
  /** The body ends in its middle, with status 200 and a length that fits. */
  "truncated",
  /** The connection ends in the middle of the body. */
  "reset",
  /** Status 429 with `Retry-After`. */
  "busy",
  /** The simulator returns status 503. */
  "error",
  /** A login page with status 200. */
  "login",
  /** A page of another exchange with status 200. */
  "other",
  /** A redirect to another host. */
  "redirect",
  /** Status 400, as for a token that has expired. */
  "expired",
  /** A byte every 20 milliseconds. */
  "drip",
] as const;
export type Fault = (typeof faults)[number];

export interface SimulatedRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
  /** The body as it came. */
  bytes: Buffer;
}

export interface SimulatedAnswer {
  status: number;
  type?: string;
  body?: string;
  /** The keys of the records in it. */
  keys?: readonly string[];
}

export interface SimulatorOptions {
  /** Seconds since 1970. Default: the clock. */
  now?: () => number;
}

/** A simulated exchange. A subclass answers requests. */
export abstract class Simulator {
  /** Returns what goes wrong with a request. Default: nothing. */
  fault: (request: SimulatedRequest) => Fault | undefined = () => undefined;
  /** Called with the keys of the records on each page that is sent whole. */
  onRecords: (keys: readonly string[]) => void = () => undefined;
  /** Called before each answer. */
  onRequest: (request: SimulatedRequest) => void = () => undefined;
  /** The seconds of `Retry-After` of the fault `"busy"`. */
  retryAfter = 1;
  readonly now: () => number;
  readonly #server: Server;

  constructor({ now = () => Math.floor(Date.now() / 1000) }: SimulatorOptions = {}) {
    this.now = now;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  /** Starts on a port of this machine alone; 0 for any. Returns its address. */
  async listen(port = 0, host = "127.0.0.1"): Promise<string> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    const address = this.#server.address() as AddressInfo;
    return `http://${host}:${address.port}`;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  protected abstract respond(request: SimulatedRequest): SimulatedAnswer;

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? "/", "http://simulator");
    const bytes = Buffer.concat(chunks);
    const request: SimulatedRequest = {
      method: incoming.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: bytes.toString("utf8"),
      bytes,
    };
    this.onRequest(request);
    const fault = this.fault(request);
    const refusals: Partial<Record<Fault, () => void>> = {
      busy: () => response.writeHead(429, { "retry-after": String(this.retryAfter) }).end(),
      error: () => response.writeHead(503).end(),
      login: () => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Log in</title>"),
      other: () => response.writeHead(200, { "content-type": "application/json" }).end('{"items":[]}'),
      redirect: () => response.writeHead(302, { location: "http://192.0.2.1/" }).end(),
      expired: () => response.writeHead(400).end('{"message":"the token has expired"}'),
    };
    const refusal = fault === undefined ? undefined : refusals[fault];
    if (refusal !== undefined) return refusal();
    const { status, type = "application/json", body = "", keys = [] } = this.respond(request);
    if (fault === undefined && keys.length > 0) this.onRecords(keys);
    const sent = Buffer.from(body);
    response.writeHead(status, { "content-type": type });
    if (fault === "truncated") response.end(sent.subarray(0, sent.length / 2));
    else if (fault === "reset") response.write(sent.subarray(0, sent.length / 2), () => response.destroy());
    else if (fault === "drip") drip(response, sent);
    else response.end(sent);
  }
}

function drip(response: ServerResponse, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(at, at + 1));
    if (++at >= bytes.length) response.end();
  }, 20);
  response.on("close", () => clearInterval(timer));
}

/** Records by their keys. Their order by time is kept until a record changes. */
export class Timeline<T> extends Map<string, T> {
  readonly #placeOf: (record: T) => Place;
  #ordered: [string, T][] | undefined;

  /** @param placeOf the time of a record's last change, and its number among those of the same time. */
  constructor(placeOf: (record: T) => Place) {
    super();
    this.#placeOf = placeOf;
  }

  override set(key: string, record: T): this {
    this.#ordered = undefined;
    // The newest is last, so that there is little to sort.
    super.delete(key);
    return super.set(key, record);
  }

  override delete(key: string): boolean {
    this.#ordered = undefined;
    return super.delete(key);
  }

  override clear(): void {
    this.#ordered = undefined;
    super.clear();
  }

  /** Returns all keys and records by time, and the index of the first that comes after a place. */
  after(place: Place): { all: readonly [string, T][]; first: number } {
    const placeOf = ([, record]: [string, T]): Place => this.#placeOf(record);
    const all = (this.#ordered ??= [...this].sort((a, b) => compare(placeOf(a), placeOf(b))));
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(placeOf(all[middle]!), place) > 0) high = middle;
      else low = middle + 1;
    }
    return { all, first: low };
  }
}

/** A time in seconds since 1970, and a number. */
type Place = readonly [time: number, number: number];
const compare = ([a, i]: Place, [b, j]: Place): number => a - b || i - j;

/** Escapes text for XML. */
export const xml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
