/** Our own interface. */
import type { FastifyInstance } from "fastify";
import type { Service } from "../core/service.js";

export function v1Interface(_service: Service): (app: FastifyInstance) => Promise<void> {
  return async (_app) => {};
}
