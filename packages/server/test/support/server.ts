/** Servers for tests: a fresh data folder, a log in memory, a free port on the loopback. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fetcher } from "empreinte-fetch";
import { actingAs } from "../../dist/core/actor.js";
import type { Config } from "../../dist/config/options.js";
import { type RunningServer, startServer, type StartOptions } from "../../dist/operation/start.js";

/** What a test does with a server. */
export interface TestServer extends RunningServer {
  data: string;
  /** The lines of the log. */
  log: string[];
  /** Sends a request and reads its answer. */
  call(path: string, options?: CallOptions): Promise<Answer>;
  /** Makes a key and returns its text. */
  key(...scopes: string[]): string;
  /** Closes the server and removes its folder. */
  end(): Promise<void>;
}

export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: RequestInit["body"];
  /** A body that is sent as JSON. */
  json?: unknown;
  key?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body, where it is JSON. */
  body: unknown;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Starts a server that asks for no key, unless `config` says otherwise. */
export async function testServer(config: Partial<Config> = {}, options: StartOptions = {}): Promise<TestServer> {
  const data = config.data ?? mkdtempSync(join(tmpdir(), "empreinte-server-"));
  const log: string[] = [];
  const fetcher = options.fetcher ?? new Fetcher({ allow: ["127.0.0.1"] });
  const server = await startServer(
    { data, listen: "127.0.0.1:0", open: true, isolation: "none", idleSeconds: 30, ...config },
    { log: { write: (line) => void log.push(line) }, fetcher, ...options },
  );
  const call = async (path: string, given: CallOptions = {}): Promise<Answer> => {
    const { method, headers = {}, body, json, key } = given;
    const sent = json === undefined ? body : JSON.stringify(json);
    const response = await fetch(`${server.url}${path}`, {
      method: method ?? (sent === undefined ? "GET" : "POST"),
      headers: {
        ...(json !== undefined && { "content-type": "application/json" }),
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...headers,
      },
      redirect: "manual",
      ...(sent !== undefined && { body: sent, duplex: "half" }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  };
  const key = (...scopes: string[]): string =>
    actingAs("test", () => server.service.keys.create("test", { label: "test", scopes }).key);
  const end = async (): Promise<void> => {
    await server.close();
    rmSync(data, { recursive: true, force: true });
  };
  return { ...server, data, log, call, key, end };
}

/** A form with files and fields. */
export function form(parts: Record<string, Uint8Array | string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    if (typeof value === "string") data.append(name, value);
    else data.append(name, new Blob([new Uint8Array(value)]), "x");
  }
  return data;
}
