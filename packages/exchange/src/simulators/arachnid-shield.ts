import { createHash } from "node:crypto";
import { type SimulatedAnswer, type SimulatedRequest, Simulator, type SimulatorOptions } from "./simulator.js";

/** What the simulated matcher says of a hash or a file. */
export interface ShieldAnswer {
  classification: string;
  match_type: "exact" | "near" | null;
}

export interface ArachnidShieldSimulatorOptions extends SimulatorOptions {
  user: string;
  password: string;
}

const none: ShieldAnswer = { classification: "no-known-match", match_type: null };

/** A simulated Arachnid Shield. It knows what a test gives it, by the base64 of a hash or of the SHA-256 of a file. */
export class ArachnidShieldSimulator extends Simulator {
  /** What it knows. */
  readonly known: Map<string, ShieldAnswer> = new Map();
  /** How many hashes and files it was queried for. */
  queried = { hashes: 0, files: 0 };
  /** Whether it leaves out the last hash of an answer. */
  forgetful = false;
  readonly #authorization: string;

  constructor({ user, password, ...options }: ArachnidShieldSimulatorOptions) {
    super(options);
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  }

  protected respond({ headers, method, path, body, bytes }: SimulatedRequest): SimulatedAnswer {
    const answer = (status: number, fields: object): SimulatedAnswer => ({ status, body: JSON.stringify(fields) });
    if (headers.authorization !== this.#authorization) return answer(401, { detail: "Invalid credentials" });
    if (method !== "POST") return answer(405, { detail: "Method Not Allowed" });
    if (path === "/v1/pdq/") {
      const { hashes } = JSON.parse(body) as { hashes: string[] };
      this.queried.hashes += hashes.length;
      const given = this.forgetful ? hashes.slice(0, -1) : hashes;
      return answer(200, { scanned_hashes: Object.fromEntries(given.map((hash) => [hash, this.#of(hash)])) });
    }
    if (path !== "/v1/media/") return answer(404, { detail: "Not Found" });
    if (!/^(image|video)\//.test(headers["content-type"] ?? "")) return answer(415, { detail: "Unsupported media" });
    this.queried.files++;
    const sha256 = createHash("sha256").update(bytes);
    return answer(200, { ...this.#of(sha256.digest("base64")), size_bytes: bytes.length });
  }

  #of(key: string): ShieldAnswer & { near_match_details: object[] } {
    return { ...(this.known.get(key) ?? none), near_match_details: [] };
  }
}
