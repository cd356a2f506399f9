/** Starts one process of the service, and ends it. */
import { chmodSync, rmSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { hardenDecoder, tuneProcess } from "empreinte";
import { type Address, completeConfig, parseListen } from "../config/load.js";
import type { Config } from "../config/options.js";
import { Service, type ServiceOptions } from "../core/service.js";
import { buildApp } from "../http/app.js";
import type { ProcessMetrics } from "../http/health.js";
import type { LogStream } from "../http/log.js";

export interface StartOptions extends ServiceOptions {
  log?: LogStream;
  allMetrics?: ProcessMetrics;
}

export interface RunningServer {
  /** Where it listens: "http://127.0.0.1:5100", or the path of its socket. */
  url: string;
  config: Config;
  service: Service;
  /** Takes no new calls, lets those in progress end, and closes the store. */
  close(): Promise<void>;
}

/** Removes the socket of a process that has ended. One that still answers is found when we listen. */
function removeOldSocket(path: string): void {
  const isSocket = statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
  if (isSocket) rmSync(path);
}

/**
 * Opens the store and serves. What is not configured has its default.
 * @throws {ServiceError} @throws {EmpreinteError}
 */
export async function startServer(part: Partial<Config>, options: StartOptions = {}): Promise<RunningServer> {
  // The process is the service's own: no other loaders, and memory that the next image finds.
  hardenDecoder();
  tuneProcess();
  const config = completeConfig(part);
  const address: Address = parseListen(config.listen);
  const service = await Service.open(config, options);
  try {
    const { log, allMetrics } = options;
    const app = await buildApp({
      service,
      ...(log !== undefined && { log }),
      ...(allMetrics !== undefined && { allMetrics }),
    });
    if ("path" in address) removeOldSocket(address.path);
    await app.listen("path" in address ? { path: address.path } : { host: address.host, port: address.port });
    if ("path" in address) chmodSync(address.path, 0o660);
    service.start((error) =>
      app.log.error({ fault: error instanceof Error ? error.message : "unknown" }, "upkeep failed"),
    );
    const bound = app.server.address();
    const url = typeof bound === "object" && bound !== null ? urlOf(bound) : String(bound);
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      service.draining = true;
      const late = setTimeout(() => app.server.closeAllConnections(), config.drainSeconds * 1000);
      try {
        await app.close();
      } finally {
        clearTimeout(late);
        await service.close();
      }
    };
    return { url, config, service, close: () => (closing ??= close()) };
  } catch (error) {
    await service.close();
    throw error;
  }
}

const urlOf = ({ address, family, port }: AddressInfo): string =>
  `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
