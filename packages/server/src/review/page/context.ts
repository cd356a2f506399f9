/** What the routes of the page share: who asks, the fields of forms, and pages as answers. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { badRequest, ServiceError } from "../../core/errors.js";
import type { Service } from "../../core/service.js";
import type { HashRates } from "../../keys/rates.js";
import type { Oidc } from "../../people/oidc.js";
import type { Session, Sessions } from "../../people/sessions.js";
import type { Review } from "../review.js";
import type { Texts } from "./texts/en.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Who has signed in to the review page. */
    session: Session | undefined;
    /** The page's texts in the person's language. */
    texts: Texts;
  }
  interface FastifyContextConfig {
    /** What a person needs for a route of the review page. "visitor": nobody needs to have signed in. */
    needs?: "visitor" | "review" | "metrics" | "admin";
    /** Whether the answer is no page, and an error neither. */
    plain?: true;
  }
}

/** What the routes of the page share. */
export interface PageContext {
  service: Service;
  review: Review;
  sessions: Sessions;
  oidc: Oidc;
  /** Limits how often an address tries to sign in. */
  attempts: HashRates;
}

/** A form's fields; several of one name are an array. */
export type FormFields = Record<string, string | string[]>;

/** Returns the one value of a field. */
export function fieldOf(request: FastifyRequest, name: string): string {
  const value = (request.body as FormFields | undefined)?.[name];
  return typeof value === "string" ? value : "";
}

/** All values of a field. */
export function fieldsOf(request: FastifyRequest, name: string): string[] {
  const value = (request.body as FormFields | undefined)?.[name];
  return value === undefined ? [] : [value].flat();
}

/** Who has signed in, on a route that needs somebody. */
export function sessionOf(request: FastifyRequest): Session {
  if (request.session === undefined) throw new ServiceError(401, "ERR_EMPREINTE_UNAUTHORIZED", "Sign in first");
  return request.session;
}

/** Sends a page. */
export function sendPage(reply: FastifyReply, text: string, status = 200): FastifyReply {
  return reply.code(status).type("text/html; charset=utf-8").send(text);
}

/** The number in a path. @throws {ServiceError} 400 */
export function numberOf(request: FastifyRequest, name: string): number {
  const text = (request.params as Record<string, string>)[name] ?? "";
  if (!/^[0-9]{1,15}$/.test(text)) throw badRequest(`${name} must be a number`);
  return Number(text);
}
