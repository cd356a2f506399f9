import {
  type SimulatedAnswer,
  type SimulatedRequest,
  Simulator,
  type SimulatorOptions,
  Timeline,
} from "./simulator.js";

export interface ThreatExchangeSimulatorOptions extends SimulatorOptions {
  /** The token of the app: "app id|app secret". */
  token: string;
  group: string;
  /** Whether the token must be in the query. Default: it must be in the header. */
  tokenIn?: "header" | "query";
}

interface Update {
  number: number;
  indicator: string;
  type: string;
  status: string;
  /** The time of the last change in seconds since 1970. */
  updated: number;
  deleted: boolean;
}

/** How long a deletion is reported, in seconds. */
const tombstoneSeconds = 90 * 24 * 3600;

/** A simulated ThreatExchange. It forgets deletions after 90 days. */
export class ThreatExchangeSimulator extends Simulator {
  /** The indicators by their ids. */
  readonly updates: Timeline<Update> = new Timeline(({ updated, number }) => [updated, number]);
  /** The descriptors that were submitted and not deleted, by their ids. */
  readonly submitted: Map<string, Record<string, string>> = new Map();
  readonly #options: ThreatExchangeSimulatorOptions;
  #number = 0;
  #descriptors = 7000;

  constructor(options: ThreatExchangeSimulatorOptions) {
    super(options);
    this.#options = options;
  }

  /** Adds or changes an indicator, now. */
  put(id: string, change: Partial<Omit<Update, "number">> = {}): void {
    const fresh = {
      indicator: "",
      type: "HASH_PDQ",
      status: "MALICIOUS",
      deleted: false,
    };
    const update = {
      ...fresh,
      ...this.updates.get(id),
      updated: this.now(),
      ...change,
      number: ++this.#number,
    };
    this.updates.set(id, update);
  }

  protected respond({ method, headers, path, query, body }: SimulatedRequest): SimulatedAnswer {
    const { token, group, tokenIn = "header" } = this.#options;
    const given = tokenIn === "header" ? headers.authorization : query.get("access_token");
    if (given !== (tokenIn === "header" ? `Bearer ${token}` : token)) {
      const error = {
        message: "Invalid OAuth access token.",
        type: "OAuthException",
        code: 190,
        fbtrace_id: "x",
      };
      return { status: 400, body: JSON.stringify({ error }) };
    }
    if (method === "POST" && path.endsWith("/threat_descriptors")) return this.#submit(new URLSearchParams(body));
    if (method === "DELETE") return this.#delete(path.slice(path.lastIndexOf("/") + 1));
    if (!path.endsWith(`/${group}/threat_updates`)) return { status: 404 };
    const limit = Number(query.get("limit") ?? 500);
    const start = Number(query.get("start_time") ?? 0);
    const cursor = query.get("after");
    const [time, number] =
      cursor === null
        ? [start - 1, Infinity]
        : (JSON.parse(Buffer.from(cursor, "base64").toString()) as [number, number]);
    const { all, first } = this.updates.after([time, number]);
    const later: [string, Update][] = [];
    for (let i = first; i < all.length && later.length <= limit; i++) {
      const [, { deleted, updated }] = all[i]!;
      if (!(deleted && this.now() - updated > tombstoneSeconds)) later.push(all[i]!);
    }
    const page = later.slice(0, limit);
    const last = page.at(-1)?.[1];
    const after = Buffer.from(JSON.stringify([last?.updated ?? 0, last?.number ?? 0])).toString("base64");
    const next = `https://graph.example.org${path}?access_token=${encodeURIComponent(token)}&after=${after}`;
    const paging = {
      cursors: { before: "x", after },
      ...(later.length > limit && { next }),
    };
    return {
      status: 200,
      body: JSON.stringify({
        data: page.map(row),
        ...(page.length > 0 && { paging }),
      }),
      keys: page.map(([id]) => id),
    };
  }

  /** Adds a descriptor, or answers the one that the member already has for the indicator. */
  #submit(form: URLSearchParams): SimulatedAnswer {
    const given = Object.fromEntries(form);
    const needed = ["indicator", "type", "description", "status", "share_level", "privacy_type", "privacy_members"];
    if (needed.some((name) => !given[name])) return failure(100, 0);
    const same = ([, one]: [string, Record<string, string>]): boolean =>
      one["indicator"] === given["indicator"] && one["type"] === given["type"];
    const id = [...this.submitted].find(same)?.[0] ?? String(++this.#descriptors);
    this.submitted.set(id, given);
    return { status: 200, body: JSON.stringify({ success: true, id }) };
  }

  #delete(id: string): SimulatedAnswer {
    if (!this.submitted.delete(id)) return failure(100, 33);
    return { status: 200, body: JSON.stringify({ success: true }) };
  }
}

function failure(code: number, subcode: number): SimulatedAnswer {
  const error = { message: "Unsupported request", type: "GraphMethodException", code, error_subcode: subcode };
  return { status: 400, body: JSON.stringify({ error }) };
}

function row([id, { indicator, type, status, updated, deleted }]: [string, Update]): object {
  const about = {
    id,
    indicator,
    type,
    last_updated: updated,
    should_delete: deleted,
  };
  if (deleted) return about;
  const descriptor = {
    id: `9${id}`,
    owner: { id: "7", name: "Member 7" },
    status,
    tags: { data: [{ text: "ncii" }] },
  };
  return { ...about, status, descriptors: { data: [descriptor] } };
}
