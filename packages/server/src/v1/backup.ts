/** /v1/backup: the store and the state as a tar file, while everything goes on. */
import type { FastifyInstance } from "fastify";
import type { Service } from "../core/service.js";
import { backupStream } from "../operation/backup.js";
import { route } from "./route.js";

export function backupRoute(app: FastifyInstance, service: Service): void {
  const options = route(
    "admin",
    "A consistent copy of the store and the state. Unpacked into an empty folder it is a data folder",
    { 200: { type: "string", description: "A tar file." } },
    { produces: ["application/x-tar"] },
  );
  app.get("/backup", options, async (_request, reply) => {
    const { stream, bytes } = await backupStream(service);
    reply.raw.on("close", () => stream.destroy());
    return reply
      .type("application/x-tar")
      .header("cache-control", "no-store")
      .header("content-length", bytes)
      .header("content-disposition", 'attachment; filename="empreinte-backup.tar"')
      .send(stream);
  });
}
