import {
  type SimulatedAnswer,
  type SimulatedRequest,
  Simulator,
  type SimulatorOptions,
  Timeline,
} from "./simulator.js";

/** A record as StopNCII has it. */
export interface StopNciiRecord {
  lastModtimestamp: number;
  signalType: string;
  hashValue: string;
  hashStatus: string;
  caseNumbers: Record<string, string>;
  CSPFeedbacks?: { source: string; feedbackValue: string; tags: string[] }[];
}

export interface StopNciiSimulatorOptions extends SimulatorOptions {
  functionsKey: string;
  subscriptionKey: string;
}

interface Token {
  /** The place of the last record that was given: its time and its number. */
  time: number;
  number: number;
}

/**
 * A simulated StopNCII. As at the real one, `nextSetTimestamp` of a page that is not the last must not be kept: it is
 * later than records that come on the next pages.
 */
export class StopNciiSimulator extends Simulator {
  /** The records by type and hash, with the number of their newest version. */
  readonly records: Timeline<{ number: number; record: StopNciiRecord }> = new Timeline(({ number, record }) => [
    record.lastModtimestamp,
    number,
  ]);
  /** What clients have sent with `SubmitFeedback`. */
  readonly feedback: {
    hashValue: string;
    feedbackValue: string;
    tags: string[];
  }[] = [];
  /** What clients have sent with `SubmitHashes`. */
  readonly submitted: { signalType: string; hashValue: string }[] = [];
  readonly #keys: StopNciiSimulatorOptions;
  #number = 0;

  constructor(options: StopNciiSimulatorOptions) {
    super(options);
    this.#keys = options;
  }

  /** Adds or replaces a record, now. */
  put(hashValue: string, change: Partial<StopNciiRecord> = {}): void {
    const key = `${change.signalType ?? "ImagePDQ"} ${hashValue}`;
    const before = this.records.get(key)?.record;
    const caseNumbers = { [`case-${this.#number}`]: "Active" };
    const fresh = {
      signalType: "ImagePDQ",
      hashValue,
      hashStatus: "Active",
      caseNumbers,
    };
    const record = {
      ...fresh,
      ...before,
      ...change,
      lastModtimestamp: change.lastModtimestamp ?? this.now(),
    };
    this.records.set(key, { number: ++this.#number, record });
  }

  protected respond(request: SimulatedRequest): SimulatedAnswer {
    const { headers, method, path, body } = request;
    const right = headers["x-functions-key"] === this.#keys.functionsKey;
    if (!right || headers["ocp-apim-subscription-key"] !== this.#keys.subscriptionKey) {
      return {
        status: 401,
        body: JSON.stringify({ statusCode: 401, message: "Access denied" }),
      };
    }
    if (method === "GET" && path.endsWith("/FetchHashes")) return this.#fetch(request);
    if (method !== "POST") return { status: 404 };
    const sent = JSON.parse(body) as {
      count: number;
      hashFeedbacks?: never[];
      hashRecords?: never[];
    };
    const list = path.endsWith("/SubmitFeedback") ? sent.hashFeedbacks : sent.hashRecords;
    if (list === undefined || list.length !== sent.count) return { status: 400 };
    if (path.endsWith("/SubmitFeedback")) this.feedback.push(...list);
    else if (path.endsWith("/SubmitHashes")) this.submitted.push(...list);
    else return { status: 404 };
    return { status: 200, body: "{}" };
  }

  #fetch({ query }: SimulatedRequest): SimulatedAnswer {
    const start = Number(query.get("startTimestamp"));
    const size = Number(query.get("pageSize") ?? 800);
    const given = query.get("nextPageToken");
    const token = given === null ? undefined : (JSON.parse(Buffer.from(given, "base64").toString()) as Token);
    const { all, first } = this.records.after(token === undefined ? [start - 1, Infinity] : [token.time, token.number]);
    const later = all.slice(first, first + size + 1);
    const page = later.slice(0, size);
    const last = page.at(-1)?.[1];
    const hasMoreRecords = later.length > size;
    const next: Token = {
      time: last?.record.lastModtimestamp ?? start,
      number: last?.number ?? 0,
    };
    const answer = {
      count: page.length,
      nextPageToken: Buffer.from(JSON.stringify(next)).toString("base64"),
      nextSetTimestamp: hasMoreRecords ? this.now() + 1 : next.time,
      hasMoreRecords,
      hashRecords: page.map(([, { record }]) => record),
    };
    return { status: 200, body: JSON.stringify(answer), keys: page.map(([key]) => key) };
  }
}
