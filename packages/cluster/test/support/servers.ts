/** Real nats-server processes on free ports of this machine, with folders that are removed afterwards. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";
import { setTimeout } from "node:timers/promises";
import { which } from "../../../../test/support/run.ts";

export const natsServer: string | undefined = which("nats-server");

/** Skips a test where there is no nats-server. */
export function needsNats(ctx: { skip(note: string): unknown }): void {
  if (natsServer === undefined) ctx.skip("skipped: needs nats-server");
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("there is no free port");
  return address.port;
}

/** One or three servers with JetStream. */
export class Servers {
  readonly folder: string = mkdtempSync(join(tmpdir(), "empreinte-nats-"));
  readonly ports: number[] = [];
  readonly #routes: number[] = [];
  readonly #children: (ChildProcess | undefined)[] = [];
  readonly #more: { config: string; connection: NodeConnectionOptions };

  /** @param more what the configuration has besides, and how `ready` connects then. */
  constructor(more: { config: string; connection: NodeConnectionOptions } = { config: "", connection: {} }) {
    this.#more = more;
  }

  static async start(count: number, more?: { config: string; connection: NodeConnectionOptions }): Promise<Servers> {
    const servers = new Servers(more);
    for (let i = 0; i < count; i++) {
      servers.ports.push(await freePort());
      servers.#routes.push(await freePort());
    }
    for (let i = 0; i < count; i++) servers.boot(i);
    await servers.ready();
    return servers;
  }

  get urls(): string[] {
    return this.ports.map((port) => `nats://127.0.0.1:${port}`);
  }

  store(i: number): string {
    return join(this.folder, `store-${i}`);
  }

  /** Starts a server, also one that was killed. */
  boot(i: number): void {
    const routes = this.#routes.map((port) => `nats://127.0.0.1:${port}`).join(", ");
    const cluster =
      this.ports.length === 1
        ? ""
        : `cluster { name: test, listen: "127.0.0.1:${this.#routes[i]}", routes: [${routes}] }`;
    const config = join(this.folder, `server-${i}.conf`);
    writeFileSync(
      config,
      `server_name: s${i}\nlisten: "127.0.0.1:${this.ports[i]}"\njetstream { store_dir: "${this.store(i)}" }\n${cluster}\n${this.#more.config}\n`,
    );
    const log = join(this.folder, `server-${i}.log`);
    this.#children[i] = spawn(natsServer!, ["-c", config, "-l", log], { stdio: "ignore" });
  }

  /** Waits until JetStream answers through every running server. */
  async ready(): Promise<void> {
    const end = performance.now() + 60_000;
    for (const [i, port] of this.ports.entries()) {
      if (this.#children[i] === undefined) continue;
      for (;;) {
        try {
          const nc = await connect({ servers: `127.0.0.1:${port}`, timeout: 1000, ...this.#more.connection });
          const { data } = await nc.request("$JS.API.INFO", "", { timeout: 1000 });
          await nc.close();
          if (!Buffer.from(data).includes('"error"')) break;
        } catch (error) {
          // It is not up yet, or has no leader yet.
          if (performance.now() > end) throw error;
        }
        await setTimeout(50);
      }
    }
  }

  async kill(i: number, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#children[i];
    if (child === undefined) return;
    this.#children[i] = undefined;
    const ended = new Promise((resolve) => child.on("close", resolve));
    child.kill(signal);
    await ended;
  }

  /** Deletes all files of JetStream on a server that was killed. */
  wipe(i: number): void {
    rmSync(this.store(i), { recursive: true, force: true });
  }

  /** Keeps the files of a server that was killed. */
  save(i: number): void {
    cpSync(this.store(i), `${this.store(i)}-saved`, { recursive: true });
  }

  /** Puts back the files that were kept. */
  restore(i: number): void {
    this.wipe(i);
    cpSync(`${this.store(i)}-saved`, this.store(i), { recursive: true });
    rmSync(`${this.store(i)}-saved`, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const i of this.ports.keys()) await this.kill(i);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
