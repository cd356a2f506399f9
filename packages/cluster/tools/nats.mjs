// A nats-server of a benchmark's own.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a server with JetStream, and waits until it answers. `NATS_SERVER` names another program. */
export async function startServer(folder) {
  const port = await freePort();
  const nats = { servers: `127.0.0.1:${port}` };
  const program = process.env["NATS_SERVER"] ?? "nats-server";
  const child = spawn(program, ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", join(folder, "nats")], {
    stdio: "ignore",
  });
  let failure;
  child.on("error", (error) => (failure = error));
  for (;;) {
    if (failure !== undefined) throw failure;
    try {
      await (await connect(nats)).close();
      return { nats, stop: () => child.kill("SIGKILL") };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
