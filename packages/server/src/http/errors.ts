/** Sends errors, in the form of each interface. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { type AnsweredError, answerOf, ServiceError } from "../core/errors.js";
import { shortHashes } from "../core/redact.js";
import { endEarly } from "./bodies.js";

/** The form of an interface's errors. */
export type ErrorForm = (answer: AnsweredError, error: unknown) => { status: number; body: string };

/** Writes down an error that is the service's own. */
function logFault(request: FastifyRequest, error: unknown): void {
  const about = error instanceof Error ? error : new Error(String(error));
  const route = request.routeOptions.url ?? "none";
  const stack = shortHashes(about.stack ?? about.message);
  request.log.error({ fault: about.name, stack, method: request.method, route }, "a call failed");
}

/** Whether the request has a body of which something was not read. */
function hasUnreadBody({ raw }: FastifyRequest): boolean {
  if (raw.complete) return false;
  return raw.headers["transfer-encoding"] !== undefined || Number(raw.headers["content-length"] ?? 0) > 0;
}

/** Makes an error handler. If the body was not read to its end, the answer ends the connection. */
export function answerError(
  form: ErrorForm,
  type: string,
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  return async (error, request, reply) => {
    const answer = answerOf(error);
    if (answer.status >= 500 && !(error instanceof ServiceError)) logFault(request, error);
    const { status, body } = form(answer, error);
    const headers = { ...answer.headers, "content-type": type, "cache-control": "no-store" };
    if (!hasUnreadBody(request)) return reply.code(status).headers(headers).send(body);
    endEarly(request, reply, status, headers, body);
    return reply;
  };
}
