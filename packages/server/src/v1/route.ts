/** The options of a route, from which its checks and its part of the document are made. */
import type { FastifyContextConfig, RouteShorthandOptions } from "fastify";
import { badRequest } from "../core/errors.js";
import { problemSchema, type Schema } from "./schemas/parts.js";

interface Answers {
  [status: number]: Schema;
}

interface RouteParts {
  body?: Schema;
  querystring?: Record<string, Schema>;
  params?: Record<string, Schema>;
  /** The types of bodies beside JSON, for the document. */
  consumes?: string[];
  produces?: string[];
  /** Whether an Idempotency-Key counts. */
  idempotent?: true;
}

/** Makes the options of a route. */
export function route(
  scope: NonNullable<FastifyContextConfig["scope"]>,
  summary: string,
  answers: Answers,
  parts: RouteParts = {},
): RouteShorthandOptions {
  const { body, querystring, params, consumes, produces, idempotent } = parts;
  const problem = {
    description: "What went wrong.",
    content: { "application/problem+json": { schema: problemSchema } },
  };
  const response = Object.fromEntries(
    Object.entries(answers).map(([status, schema]): [string, Schema] => [status, { description: summary, ...schema }]),
  );
  const headers: Schema = {
    type: "object",
    properties: { "idempotency-key": { type: "string", minLength: 1, maxLength: 255 } },
  };
  return {
    config: { scope, ...(idempotent === true && { idempotent }) },
    schema: {
      summary,
      ...(body !== undefined && { body }),
      ...(querystring !== undefined && {
        querystring: { type: "object", properties: querystring, additionalProperties: false },
      }),
      ...(params !== undefined && { params: { type: "object", properties: params, required: Object.keys(params) } }),
      ...(idempotent === true && { headers }),
      ...(consumes !== undefined && { consumes }),
      ...(produces !== undefined && { produces }),
      response: { ...response, "4xx": problem, "5xx": problem },
    },
  };
}

/** Returns a number of a query, which is text. */
export const wholeText = (description: string): Schema => ({ type: "string", pattern: "^[0-9]{1,15}$", description });
export const switchText = (description: string): Schema => ({ type: "string", enum: ["true", "false"], description });
export const nameText = (description: string): Schema => ({
  type: "string",
  minLength: 1,
  maxLength: 256,
  description,
});

/** Reads a whole number of a query. @throws {ServiceError} 400 */
export function wholeOf(query: unknown, name: string, fallback: number, most: number): number {
  const text = textOf(query, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (value > most) throw badRequest(`${name} must be at most ${most}`);
  return value;
}

/** Reads a text of a query. */
export function textOf(query: unknown, name: string): string | undefined {
  const value = (query as Record<string, unknown>)[name];
  return typeof value === "string" ? value : undefined;
}
