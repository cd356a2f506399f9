import {
  type SimulatedAnswer,
  type SimulatedRequest,
  Simulator,
  type SimulatorOptions,
  Timeline,
} from "./simulator.js";

export interface TechAgainstTerrorismSimulatorOptions extends SimulatorOptions {
  user: string;
  password: string;
  /** How many requests a token serves. Default: any number. */
  tokenUses?: number;
}

interface Item {
  id: number;
  hash_digest: string;
  algorithm: string;
  ideology: string;
  file_type: string;
  deleted: boolean;
  /** The time of the last change in seconds since 1970. */
  updated: number;
}

/** A simulated Tech Against Terrorism. A token serves a number of requests, and is then refused. */
export class TechAgainstTerrorismSimulator extends Simulator {
  /** The items by their ids. */
  readonly items: Timeline<Item> = new Timeline(({ updated, id }) => [updated, id]);
  /** How many logins there were. */
  logins = 0;
  readonly #options: TechAgainstTerrorismSimulatorOptions;
  #uses = 0;

  constructor(options: TechAgainstTerrorismSimulatorOptions) {
    super(options);
    this.#options = options;
  }

  /** Adds or changes an item, now. */
  put(id: number, change: Partial<Omit<Item, "id">> = {}): void {
    const fresh = {
      id,
      hash_digest: "",
      algorithm: "PDQ",
      ideology: "far-right",
      file_type: "jpg",
      deleted: false,
    };
    this.items.set(String(id), {
      ...fresh,
      ...this.items.get(String(id)),
      updated: this.now(),
      ...change,
    });
  }

  protected respond({ method, path, query, headers, body }: SimulatedRequest): SimulatedAnswer {
    if (method === "POST" && path.endsWith("/token-auth/tcap/")) return this.#login(new URLSearchParams(body));
    if (!/\/api\/hash-list\/v2\/(all|islamist|far-right)$/.test(path)) return { status: 404 };
    const spent = ++this.#uses > (this.#options.tokenUses ?? Infinity);
    if (spent || headers.authorization !== `Bearer token-${this.logins}`)
      return { status: 401, body: '{"detail":"expired"}' };
    const [time, number] = (query.get("after") ?? "0,0").split(",").map(Number);
    const [limit, offset] = [Number(query.get("limit") ?? 1000), Number(query.get("offset") ?? 0)];
    const { all, first } = this.items.after([time!, number!]);
    const count = all.length - first;
    const page = all.slice(first + offset, first + offset + limit).map(([, item]) => item);
    const following = new URLSearchParams(query);
    following.set("offset", String(offset + limit));
    const next = count > offset + limit ? `http://${headers.host}${path}?${following.toString()}` : null;
    const last = page.at(-1);
    const results = page.map(({ updated, ...item }) => {
      const at = new Date(1000 * updated).toISOString();
      return { ...item, updated_on: at, created_on: at, a_new_field: 1 };
    });
    const checkpoint = last === undefined ? query.get("after") : `${last.updated},${last.id}`;
    return {
      status: 200,
      body: JSON.stringify({
        count,
        next,
        previous: null,
        checkpoint,
        results,
      }),
      keys: page.map(({ id }) => String(id)),
    };
  }

  #login(form: URLSearchParams): SimulatedAnswer {
    const { user, password } = this.#options;
    if (form.get("username") !== user || form.get("password") !== password) return { status: 401 };
    this.logins++;
    this.#uses = 0;
    return {
      status: 200,
      body: JSON.stringify({
        user: { username: user },
        token: `token-${this.logins}`,
      }),
    };
  }
}
