/**
 * Several processes on one store. The first one starts the others, replaces those that end, and adds up their metrics.
 */
import cluster, { type Worker } from "node:cluster";
import { version } from "empreinte";
import { type Config } from "../config/options.js";
import { reloadConfig } from "../config/load.js";
import type { MetricsSnapshot } from "./metrics.js";
import { type RunningServer, startServer } from "./start.js";

/** What processes tell each other. */
type Message =
  | { kind: "listening"; url: string }
  | { kind: "all metrics"; id: number }
  | { kind: "metrics"; id: number }
  | { kind: "metrics are"; id: number; snapshots: MetricsSnapshot[] }
  | { kind: "reload"; config: Config }
  | { kind: "end" };

const isMessage = (value: unknown): value is Message => typeof value === "object" && value !== null && "kind" in value;

/** How long the first process waits for the metrics of the others. */
const metricsMilliseconds = 2000;
/** A process that ends within so many milliseconds is started again later. */
const quickEnd = 5000;

/** Asks every process for its metrics. One that does not answer in time is left out. */
function collect(workers: readonly Worker[], id: number): Promise<MetricsSnapshot[]> {
  const answers = workers.map(
    (worker) =>
      new Promise<MetricsSnapshot[]>((resolve) => {
        const end = (snapshots: MetricsSnapshot[]): void => {
          clearTimeout(timer);
          worker.off("message", take);
          resolve(snapshots);
        };
        const timer = setTimeout(() => end([]), metricsMilliseconds);
        const take = (message: unknown): void => {
          if (isMessage(message) && message.kind === "metrics are" && message.id === id) end(message.snapshots);
        };
        worker.on("message", take);
        worker.send({ kind: "metrics", id } satisfies Message);
      }),
  );
  return Promise.all(answers).then((all) => all.flat());
}

/** Runs the first process, which serves nothing itself. */
async function runFirst(config: Config, read: () => Config): Promise<number> {
  let stopping = false;
  let question = 0;
  let announced = false;
  const live = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const started = new WeakMap<Worker, number>();
  const startWorker = (): void => {
    const worker = cluster.fork();
    started.set(worker, Date.now());
    worker.on("message", (message: unknown) => {
      if (!isMessage(message)) return;
      if (message.kind === "listening" && !announced) {
        announced = true;
        process.stderr.write(`empreinte-server ${version} listens on ${message.url} in ${config.workers} processes\n`);
      }
      if (message.kind !== "all metrics") return;
      const { id } = message;
      void collect(live(), ++question).then(
        (snapshots) => worker.isConnected() && worker.send({ kind: "metrics are", id, snapshots } satisfies Message),
      );
    });
  };
  const ended = new Promise<number>((resolve) => {
    let failures = 0;
    cluster.on("exit", (worker, code, signal) => {
      if (stopping) {
        if (live().length === 0) resolve(0);
        return;
      }
      process.stderr.write(
        `A process of empreinte-server ended (${signal ?? `status ${code}`}). Another one starts.\n`,
      );
      const quick = Date.now() - (started.get(worker) ?? 0) < quickEnd;
      failures = quick ? failures + 1 : 0;
      if (!announced && failures >= config.workers) {
        stopping = true;
        for (const other of live()) other.send({ kind: "end" } satisfies Message);
        if (live().length === 0) resolve(1);
        return;
      }
      setTimeout(() => void (stopping || startWorker()), quick ? Math.min(10_000, 250 * 2 ** failures) : 0);
    });
  });
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      stopping = true;
      for (const worker of live()) worker.send({ kind: "end" } satisfies Message);
    });
  }
  process.on("SIGHUP", () => {
    try {
      const fresh = read();
      const waiting = reloadConfig(config, fresh);
      for (const worker of live()) worker.send({ kind: "reload", config: fresh } satisfies Message);
      const rest = waiting.length === 0 ? "" : ` These need a new start: ${waiting.join(", ")}.`;
      process.stderr.write(`The configuration was read again.${rest}\n`);
    } catch (error) {
      process.stderr.write(`The configuration stays as it was: ${error instanceof Error ? error.message : ""}\n`);
    }
  });
  for (let number = 0; number < config.workers; number++) startWorker();
  return ended;
}

/** Runs one of the processes that serve. */
async function runOther(config: Config): Promise<number> {
  let question = 0;
  const waiting = new Map<number, (snapshots: MetricsSnapshot[]) => void>();
  const running: { server?: RunningServer } = {};
  const own = (): MetricsSnapshot[] =>
    running.server === undefined ? [] : [running.server.service.metrics.snapshot()];
  const tell = (message: Message): void => void process.send?.(message);
  const ended = new Promise<void>((resolve) => {
    process.on("disconnect", resolve);
    process.on("message", (message: unknown) => {
      if (!isMessage(message)) return;
      if (message.kind === "end") resolve();
      else if (message.kind === "reload" && running.server !== undefined)
        reloadConfig(running.server.config, message.config);
      else if (message.kind === "metrics are") waiting.get(message.id)?.(message.snapshots);
      else if (message.kind === "metrics") {
        const { id } = message;
        void (running.server?.service.measure() ?? Promise.resolve())
          .catch(() => undefined)
          .then(() => tell({ kind: "metrics are", id, snapshots: own() }));
      }
    });
  });
  // The first process gets the signals of the service manager or the terminal, and tells the others.
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => undefined);
  const allMetrics = (): Promise<MetricsSnapshot[]> =>
    new Promise((resolve) => {
      const id = ++question;
      const end = (snapshots: MetricsSnapshot[]): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(snapshots);
      };
      const timer = setTimeout(() => end(own()), 2 * metricsMilliseconds);
      waiting.set(id, end);
      tell({ kind: "all metrics", id });
    });
  const server = (running.server = await startServer(config, { allMetrics }));
  tell({ kind: "listening", url: server.url });
  await ended;
  await server.close();
  process.disconnect?.();
  return 0;
}

/** Serves in `config.workers` processes until SIGTERM or SIGINT. */
export async function runWorkers(config: Config, read: () => Config): Promise<number> {
  return cluster.isPrimary ? runFirst(config, read) : runOther(config);
}
