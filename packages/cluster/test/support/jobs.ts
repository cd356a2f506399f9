/** A cluster with a curator, a node, a queue and uploads that the bank knows or does not. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashImage } from "empreinte";
import { BankStore } from "empreinte/bank";
import { scene } from "../../../../test/support/image/altered.ts";
import { pngOf } from "../../../../test/support/image/encoders.ts";
import { type ClusterNode, type Curator, type JobQueueOptions, type JobResult } from "../../dist/index.js";
import { JobQueue, Worker, type WorkerOptions } from "../../dist/index.js";
import { from, same, type TestCluster } from "./cluster.ts";

/** A generated image as a PNG. */
export function image(seed: number): Promise<Buffer> {
  const { data } = scene(seed, 160, 120);
  return pngOf(Uint8Array.from(data), 160, 120, 3);
}

/** How often a worker of the tests gives a sign of life is a third of this. */
const ackSeconds = 1;

export class TestJobs {
  readonly cluster: TestCluster;
  readonly uploads: string;
  /** The hashes of the uploads, which must be in no file of NATS. */
  readonly hashes: string[] = [];
  #closing: (() => Promise<unknown>)[] = [];
  curator!: Curator;
  node!: ClusterNode;
  queue!: JobQueue;

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
    this.uploads = join(cluster.folder, "uploads");
    mkdirSync(this.uploads, { recursive: true });
  }

  /** Starts with a bank that knows the images of these seeds. */
  async start(known: readonly number[], options: Partial<JobQueueOptions> = {}): Promise<void> {
    const store = await BankStore.create(this.cluster.path("curator"));
    store.createBank({ name: "ncii" });
    for (const seed of known) {
      const { hash } = await hashImage(await image(seed));
      await store.import(from, [{ id: `known-${seed}`, signals: [{ type: "pdq", value: hash }] }]);
    }
    await store.close();
    this.curator = await this.cluster.curator("curator");
    this.node = await this.cluster.node("one");
    await same(this.curator, [this.node]);
    const link = { store: "test", nats: { servers: this.cluster.servers.urls } };
    this.queue = await JobQueue.open({ ...link, ackSeconds, ...options });
    this.#closing.push(() => this.queue.close());
  }

  /** Writes the image of a seed as an upload, and returns its path. */
  async upload(seed: number): Promise<string> {
    const bytes = await image(seed);
    this.hashes.push((await hashImage(bytes)).hash);
    const path = join(this.uploads, `${seed}.png`);
    writeFileSync(path, bytes);
    return path;
  }

  async worker(id: string, options: Partial<WorkerOptions> = {}): Promise<Worker> {
    const worker = await Worker.start({
      store: "test",
      nats: { servers: this.cluster.servers.urls },
      id,
      node: this.node,
      ackSeconds,
      retrySeconds: 0.05,
      onEvent: (event) => this.cluster.events.push({ ...event, member: id }),
      ...options,
      handles: { roots: [this.uploads], ...options.handles },
    });
    this.#closing.push(() => worker.close());
    return worker;
  }

  /** Reads so many results. */
  async results(count: number, reader = "test"): Promise<JobResult[]> {
    const found: JobResult[] = [];
    for await (const result of this.queue.results(reader)) {
      found.push(result);
      if (found.length === count) break;
    }
    return found;
  }

  async close(): Promise<void> {
    for (const close of this.#closing.toReversed()) await close();
    this.#closing = [];
  }
}
