/** Idempotency-Key: the answer of a change is kept for a day, so that a repeated call changes nothing twice. */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { badRequest, ServiceError } from "../core/errors.js";
import type { Service } from "../core/service.js";

const keptMilliseconds = 86_400_000;
/** After so long, a call that never ended was of a process that was killed. */
const mostRunning = 3_600_000;

declare module "fastify" {
  interface FastifyContextConfig {
    idempotent?: true;
  }
  interface FastifyRequest {
    /** The key of a call that is running, until its answer is kept. */
    idempotencyKey: string | undefined;
  }
}

type Row = [time: number, request: Buffer, status: number | null, type: string | null, body: string | null];

export interface KeptAnswer {
  status: number;
  type: string;
  body: string;
}

const conflict = (status: number, text: string): ServiceError =>
  new ServiceError(status, "ERR_EMPREINTE_IDEMPOTENCY", text);

/** The kept answers of a service. */
export class Idempotency {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Reads a caller's Idempotency-Key. @throws {ServiceError} 400 */
  keyOf(request: FastifyRequest): string | undefined {
    const key = request.headers["idempotency-key"];
    if (key === undefined) return undefined;
    if (typeof key !== "string" || !/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw badRequest("Idempotency-Key must have 1 to 255 visible characters");
    }
    return createHash("sha256").update(key).digest("base64url");
  }

  /**
   * Begins a call, or returns what an earlier one with the same key answered.
   * @throws {ServiceError} 409 while the earlier call runs; 422 where its request was another one.
   */
  begin(who: string, key: string, digest: Buffer): KeptAnswer | undefined {
    const { state, now } = this.#service;
    return state.transaction(() => {
      state.run("DELETE FROM idempotency WHERE time < ?", now() - keptMilliseconds);
      const sql = "SELECT time, request, status, type, body FROM idempotency WHERE who = ? AND key = ?";
      const row = state.get<Row>(sql, who, key);
      if (row === undefined || (row[2] === null && Math.abs(now() - row[0]) > mostRunning)) {
        state.run("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, NULL, NULL, NULL)", who, key, now(), digest);
        return undefined;
      }
      if (!row[1].equals(digest)) throw conflict(422, "This Idempotency-Key was used for another request");
      if (row[2] === null) throw conflict(409, "The first call with this Idempotency-Key is still running");
      return { status: row[2], type: row[3] ?? "application/json", body: row[4] ?? "" };
    });
  }

  keep(who: string, key: string, { status, type, body }: KeptAnswer): void {
    const sql = "UPDATE idempotency SET status = ?, type = ?, body = ? WHERE who = ? AND key = ?";
    this.#service.state.run(sql, status, type, body, who, key);
  }

  /** Forgets a call that failed, so that it can be tried again. */
  forget(who: string, key: string): void {
    this.#service.state.run("DELETE FROM idempotency WHERE who = ? AND key = ? AND status IS NULL", who, key);
  }
}

/** The digest of a request: its route with all values, and its body. */
const digestOf = (request: FastifyRequest): Buffer =>
  createHash("sha256")
    .update(JSON.stringify([request.method, request.url, request.body ?? null]))
    .digest();

/** Keeps and repeats the answers of the routes that are idempotent. */
export function idempotencyHooks(app: FastifyInstance, kept: Idempotency): void {
  app.decorateRequest("idempotencyKey");
  app.addHook("preHandler", async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.routeOptions.config.idempotent !== true) return undefined;
    const key = kept.keyOf(request);
    if (key === undefined) return undefined;
    const before = kept.begin(request.principal.name, key, digestOf(request));
    if (before === undefined) {
      request.idempotencyKey = key;
      return undefined;
    }
    return reply.code(before.status).type(before.type).header("idempotency-replayed", "true").send(before.body);
  });
  app.addHook("onSend", async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const key = request.idempotencyKey;
    if (key === undefined) return payload;
    request.idempotencyKey = undefined;
    const { name } = request.principal;
    // A fault may be gone the next time. What the caller did wrong stays wrong.
    if (reply.statusCode >= 500 || reply.statusCode === 429 || typeof payload !== "string") kept.forget(name, key);
    else
      kept.keep(name, key, { status: reply.statusCode, type: String(reply.getHeader("content-type")), body: payload });
    return payload;
  });
}
