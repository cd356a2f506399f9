// A fastify route that does nothing but answer, to compare with.
import Fastify from "fastify";

const app = Fastify();
app.get("/m/lookup", async () => ({}));
process.stderr.write(`${await app.listen({ host: "127.0.0.1", port: 0 })}\n`);
process.once("SIGTERM", () => process.exit(0));
