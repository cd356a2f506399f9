/** A curator and nodes in this process, with everything that they report. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BankStore } from "empreinte/bank";
import { expect } from "vitest";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import {
  type ClusterEvent,
  ClusterNode,
  Curator,
  Standby,
  type CuratorOptions,
  type NodeOptions,
} from "../../dist/index.js";
import { entriesOfCase, hashesOfCase } from "../../../../test/support/bank/entries.mjs";
import type { Servers } from "./servers.ts";

export const from = { bank: "ncii", source: "hotline" };
export { entriesOfCase, hashesOfCase };

/** The leases of the tests: short, so that a test sees them end. */
export const leases = { curatorLeaseSeconds: 3, nodeLeaseSeconds: 6 };

/** What a test has started, and ends at its end. */
export class TestCluster {
  readonly folder: string = mkdtempSync(join(tmpdir(), "empreinte-cluster-"));
  readonly servers: Servers;
  readonly events: (ClusterEvent & { member: string })[] = [];
  #closing: (() => Promise<unknown>)[] = [];

  constructor(servers: Servers) {
    this.servers = servers;
  }

  path(name: string): string {
    mkdirSync(join(this.folder, name), { recursive: true });
    return join(this.folder, name, "known.bank");
  }

  /** Makes a store with so many cases. */
  async store(name: string, cases = 5): Promise<string> {
    const path = this.path(name);
    const store = await BankStore.create(path);
    store.createBank({ name: "ncii" });
    await store.import(from, Array.from({ length: cases }, (_, i) => entriesOfCase(i)).flat());
    await store.close();
    return path;
  }

  async curator(name: string, options: Partial<CuratorOptions> = {}): Promise<Curator> {
    const curator = await Curator.start({
      store: "test",
      nats: { servers: this.servers.urls },
      replicas: this.servers.ports.length,
      id: name,
      bank: this.path(name),
      ...leases,
      onEvent: (event) => this.events.push({ ...event, member: name }),
      ...options,
    });
    this.#closing.push(() => curator.close());
    return curator;
  }

  async node(name: string, options: Partial<NodeOptions> = {}): Promise<ClusterNode> {
    const node = await ClusterNode.start({
      store: "test",
      nats: { servers: this.servers.urls },
      replicas: this.servers.ports.length,
      id: name,
      path: this.path(name),
      onEvent: (event) => this.events.push({ ...event, member: name }),
      ...options,
    });
    this.#closing.push(() => node.close());
    return node;
  }

  async standby(name: string): Promise<Standby> {
    const standby = await Standby.start({
      store: "test",
      nats: { servers: this.servers.urls },
      replicas: this.servers.ports.length,
      id: name,
      path: this.path(name),
      ...leases,
      onEvent: (event) => this.events.push({ ...event, member: name }),
    });
    this.#closing.push(() => standby.close());
    return standby;
  }

  /** Which server leads the stream of announcements. */
  async leader(): Promise<number> {
    const nc = await connect({ servers: this.servers.urls });
    const { cluster } = await (await jetstreamManager(nc)).streams.info("EMP_CHANGES_test");
    await nc.close();
    return Number(cluster?.leader?.slice(1));
  }

  /** Closes all members of this process. Their files stay. */
  async stop(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
    this.#closing = [];
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until all nodes have the curator's revision and digest, and answer. */
export async function same(curator: Curator, nodes: readonly ClusterNode[]): Promise<void> {
  const { revision, digest } = curator.store.history.position();
  await expect
    .poll(() => nodes.map((node) => [node.revision, node.digest, node.incomplete]), { timeout: 60_000, interval: 20 })
    .toEqual(nodes.map(() => [revision, digest, undefined]));
}
