/** The document of our own interface, OpenAPI 3.1. It is made at the first call, because its library loads slowly. */
import Fastify, { type FastifyInstance, type RouteOptions } from "fastify";
import { version } from "empreinte";
import { compilersFactory } from "../http/validators.js";

const openapi = {
  openapi: "3.1.0",
  info: {
    title: "empreinte-server",
    version,
    description: "Known hashes: check, import, withdraw. No address and no header ever has a hash.",
  },
  components: {
    securitySchemes: {
      key: { type: "http" as const, scheme: "bearer", description: "A key: emp_<id>_<secret>." },
    },
  },
  security: [{ key: [] }],
};

async function makeDocument(routes: readonly RouteOptions[]): Promise<object> {
  const { default: swagger } = await import("@fastify/swagger");
  const apart = Fastify({ schemaController: { compilersFactory } });
  await apart.register(swagger, { openapi });
  for (const { method, url, schema } of routes) {
    apart.route({ method, url, ...(schema !== undefined && { schema }), handler: async () => undefined });
  }
  await apart.ready();
  const document = apart.swagger();
  await apart.close();
  return document;
}

/** Serves the document of the routes that `app` gets from here on. */
export function documentRoute(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  app.addHook("onRoute", (options) => {
    // Fastify makes them itself.
    if (options.method !== "HEAD") routes.push(options);
  });
  let made: Promise<object> | undefined;
  app.get(
    "/openapi.json",
    { config: { scope: "none" }, schema: { hide: true } },
    () => (made ??= makeDocument(routes)),
  );
}
