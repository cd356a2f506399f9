/** Listening for HTTP. */
import type { Server } from "node:http";

/** The address at which something is served. */
export interface HttpAddress {
  /** The port; 0 for any that is free. */
  port: number;
  /** Default `"127.0.0.1"`. There is no password: open it to your own network at most. */
  host?: string;
}

/** Resolves once the server listens. @throws what the system reports. */
export async function listening(server: Server, { port, host = "127.0.0.1" }: HttpAddress): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return server;
}
