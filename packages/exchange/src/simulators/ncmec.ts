import { type SimulatedAnswer, type SimulatedRequest, Simulator, type SimulatorOptions, xml } from "./simulator.js";

/** An entry as NCMEC has it. */
export interface NcmecEntry {
  member: string;
  id: string;
  media: "image" | "video";
  /** The time of the last change in seconds since 1970. */
  timestamp: number;
  classification: string;
  fingerprints: Record<string, string>;
  deleted: boolean;
}

export interface NcmecSimulatorOptions extends SimulatorOptions {
  user: string;
  password: string;
  /** Entries on a page. Default 1000. */
  pageSize?: number;
}

const namespace = "https://hashsharing.ncmec.org/hashsharing/v2";
const textOf = (seconds: number): string => `${new Date(1000 * seconds).toISOString().slice(0, 19)}Z`;

/** A simulated NCMEC. Its entries do not come in the order of time, and paging has the latest state of each. */
export class NcmecSimulator extends Simulator {
  /** The entries by member and id. */
  readonly entries: Map<string, NcmecEntry> = new Map();
  /** Feedback by `member/entry/TYPE/user`. */
  readonly feedback: Map<string, string> = new Map();
  /** The reasons for negative feedback, by their ids. */
  readonly reasons: Map<string, string> = new Map([["01234567-abcd-0123-4567-012345678900", "Viewpoint"]]);
  readonly #options: NcmecSimulatorOptions;
  /** What a window had when its first page was fetched. */
  readonly #windows = new Map<string, string[]>();

  constructor(options: NcmecSimulatorOptions) {
    super(options);
    this.#options = options;
  }

  /** Adds or changes an entry, now. */
  put(id: string, change: Partial<NcmecEntry> = {}): void {
    const key = `${change.member ?? "42"}/${id}`;
    const fresh = {
      member: "42",
      id,
      media: "image" as const,
      classification: "A1",
      fingerprints: {},
      deleted: false,
    };
    const before = this.entries.get(key);
    this.entries.set(key, {
      ...fresh,
      ...before,
      ...change,
      timestamp: change.timestamp ?? this.now(),
    });
  }

  protected respond({ headers, method, path, query, body }: SimulatedRequest): SimulatedAnswer {
    const { user, password } = this.#options;
    const right = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    if (headers.authorization !== right) return { status: 401, type: "text/html", body: "<h1>401</h1>" };
    const type = "application/xml";
    const answer = (name: string, inside: string): SimulatedAnswer => {
      return {
        status: 200,
        type,
        body: `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="${namespace}">${inside}</${name}>`,
      };
    };
    if (method === "GET" && path.endsWith("/v2/entries")) return this.#page(query, answer);
    if (method === "GET" && path.endsWith("/v2/status")) {
      return answer("status", `<username>${xml(user)}</username><member id="42">${xml(user)}</member>`);
    }
    if (method === "GET" && /\/v2\/feedback\/\w+\/reasons$/.test(path)) {
      const list = [...this.reasons].map(([guid, name]) => `<reason guid="${guid}" name="${xml(name)}" type="Sha1"/>`);
      return answer("availableFeedbackReasons", list.join(""));
    }
    const place = /\/v2\/entries\/([^/]+)\/([^/]+)\/(\w+)\/feedback$/.exec(path);
    if (method === "PUT" && place !== null) return this.#take(place, body);
    return { status: 404 };
  }

  #take([, member, id, kind]: RegExpExecArray, body: string): SimulatedAnswer {
    if (!this.entries.has(`${member}/${id}`)) return { status: 404 };
    const guid = /<negative><reasonIds><guid>([\w-]+)<\/guid><\/reasonIds><\/negative>/.exec(body)?.[1];
    if (!body.includes("<affirmative/>") && !this.reasons.has(guid ?? "")) return { status: 400 };
    this.feedback.set(`${member}/${id}/${kind}`, guid ?? "affirmative");
    return { status: 200 };
  }

  #page(query: URLSearchParams, answer: (name: string, inside: string) => SimulatedAnswer): SimulatedAnswer {
    const [from, to] = [query.get("from") ?? "", query.get("to") ?? ""];
    const size = this.#options.pageSize ?? 1000;
    const start = Number(query.get("start") ?? 1);
    const [after, until] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
    const inside = ({ timestamp }: NcmecEntry): boolean => timestamp > after && timestamp <= until;
    const key = `${from} ${to}`;
    if (start === 1)
      this.#windows.set(
        key,
        [...this.entries].filter(([, entry]) => inside(entry)).map(([id]) => id),
      );
    const all = this.#windows.get(key) ?? [];
    const keys = all.slice(start - 1, start - 1 + size);
    const page = keys.map((id) => this.entries.get(id)!);
    const group = (name: string, media: string): string => {
      const some = page.filter((entry) => entry.media === media);
      const newest = Math.max(0, ...some.map(({ timestamp }) => timestamp));
      const stated = `count="${some.length}"${some.length > 0 ? ` maxTimestamp="${textOf(newest)}"` : ""}`;
      return `<${name} ${stated}>${some.map(element).join("")}</${name}>`;
    };
    const more = start - 1 + size < all.length;
    const link = `/v2/entries?from=${from}&to=${to}&start=${start + size}&size=${size}&max=${all.length}`;
    const paging = more ? `<paging><next>${xml(link)}</next></paging>` : "";
    return { ...answer("queryResult", `${group("images", "image")}${group("videos", "video")}${paging}`), keys };
  }
}

function element({ media, member, id, timestamp, deleted, classification, fingerprints }: NcmecEntry): string {
  const name = deleted ? `deleted${media === "image" ? "Image" : "Video"}` : media;
  const about = `<member id="${xml(member)}">Member ${xml(member)}</member><timestamp>${textOf(timestamp)}</timestamp><id>${xml(id)}</id>`;
  if (deleted) return `<${name}>${about}</${name}>`;
  const prints = Object.entries(fingerprints).map(([key, value]) => `<${key}>${xml(value)}</${key}>`);
  return `<${name}>${about}<classification>${xml(classification)}</classification><fingerprints>${prints.join("")}</fingerprints></${name}>`;
}
