/** A person at the review page, without a browser: cookies, forms, links. */
import type { Config } from "../../dist/config/options.js";
import type { StartOptions } from "../../dist/operation/start.js";
import { Sessions } from "../../dist/people/sessions.js";
import { type Answer, testServer, type TestServer } from "../support/server.ts";

export interface Visitor {
  /** Follows a redirect, and keeps cookies. */
  get(path: string, headers?: Record<string, string>): Promise<Answer & { path: string }>;
  /** Sends a form with the token of the last page. */
  post(
    path: string,
    fields?: Record<string, string | string[]>,
    headers?: Record<string, string>,
  ): Promise<Answer & { path: string }>;
  /** The Cookie header. */
  cookies(): string;
  token(): string;
}

export function visitor(server: { url: string; call: TestServer["call"] }, cookie = ""): Visitor {
  const cookies = new Map<string, string>();
  let token = "";
  const keep = (line: string): void => {
    const [name, value] = line.split(";")[0]!.split("=") as [string, string];
    if (value === "") cookies.delete(name);
    else cookies.set(name, value);
  };
  if (cookie !== "") keep(cookie);
  const header = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const send = async (
    path: string,
    body: string | undefined,
    more: Record<string, string>,
  ): Promise<Answer & { path: string }> => {
    const headers = { cookie: header(), "accept-language": "en", ...more };
    const type = { "content-type": "application/x-www-form-urlencoded", origin: server.url };
    const answer = await server.call(
      path,
      body === undefined ? { headers } : { body, headers: { ...type, ...headers } },
    );
    for (const line of answer.headers.getSetCookie()) keep(line);
    const next = answer.headers.get("location");
    if (answer.status === 303 && next !== null && next.startsWith("/")) return send(next, undefined, {});
    token = /data-token="([^"]+)"/.exec(answer.text)?.[1] ?? token;
    return { ...answer, path };
  };
  return {
    get: (path, headers = {}) => send(path, undefined, headers),
    post: (path, fields = {}, headers = {}) => {
      const form = new URLSearchParams({ token });
      for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) form.append(name, one);
      return send(path, form.toString(), headers);
    },
    cookies: header,
    token: () => token,
  };
}

export interface ReviewServer extends TestServer {
  /** Makes an account of an issuer, which has signed in. */
  person(name: string, ...scopes: string[]): Visitor;
  /** Moves the clock. */
  pass(milliseconds: number): void;
  /** Makes a bank that asks for reviews, with entries of these hashes. */
  bank(name: string, ...hashes: string[]): Promise<void>;
  /** Checks a hash, and returns the number of the newest card. */
  check(hash: string, reference?: string): Promise<number>;
}

/** A server with the review page and a clock of its own. */
export async function reviewServer(config: Partial<Config> = {}, options: StartOptions = {}): Promise<ReviewServer> {
  let now = Date.now();
  const server = await testServer(
    { review: true, reviewSchemes: "ncii,iwf", ...config },
    { now: () => now, passwordCost: 10, ...options },
  );
  // scrypt takes its time, so that only the tests of signing in use passwords.
  const { state, people } = server.service;
  const sessions = new Sessions(state, people, server.config, () => now);
  const person = (name: string, ...scopes: string[]): Visitor => {
    const allowed = scopes.length === 0 ? ["review", "match"] : scopes;
    const account = people.fromIssuer("https://issuer.example.org", name, name, allowed, "192.0.2.1");
    return visitor(server, sessions.begin(account));
  };
  const bank = async (name: string, ...hashes: string[]): Promise<void> => {
    await server.call("/v1/banks", { json: { name, policy: { action: "review" } } });
    const entries = hashes.map((value, at) => ({ id: `${at}`, signals: [{ type: "pdq", value }] }));
    await server.call(`/v1/banks/${name}/sources/s/entries`, { json: { entries } });
  };
  const check = async (hash: string, reference?: string): Promise<number> => {
    const query = reference === undefined ? "" : `?reference=${reference}`;
    await server.call(`/v1/check${query}`, { json: { queries: [{ hash }] } });
    return server.service.state.get<[number]>("SELECT coalesce(max(number), 0) FROM card")![0];
  };
  return { ...server, person, bank, check, pass: (milliseconds) => (now += milliseconds) };
}
