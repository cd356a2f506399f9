/** The metrics of each kind of member. No label has a hash, a handle or the id of a job. */
import { Curator } from "../curator/curator.js";
import { Rescanner, type ShardRescan } from "../archive/rescanner.js";
import { ShardServer } from "../archive/serve.js";
import { JobQueue } from "../jobs/queue.js";
import { Worker } from "../jobs/worker.js";
import type { ClusterNode } from "../node/node.js";
import { eventMetric, metric, type Metric } from "./text.js";

/** A member of the cluster that has metrics. */
export type MetricSource = Curator | ClusterNode | Worker | JobQueue | Rescanner | ShardServer;

/** Returns the metrics of a member. @throws {ClusterError} if a queue cannot be counted. */
export async function metricsOf(source: MetricSource): Promise<Metric[]> {
  if (source instanceof Curator) return ofCurator(source);
  if (source instanceof Worker) return ofWorker(source);
  if (source instanceof JobQueue) return ofQueue(source);
  if (source instanceof Rescanner) return ofRescanner(source);
  if (source instanceof ShardServer) return ofShard(source);
  return ofNode(source);
}

function ofCurator(curator: Curator): Metric[] {
  const { withdrawals, incomplete, withdrawalTimes, events } = curator.counters;
  const { revision } = curator.store;
  const labels = { member: curator.id };
  const nodes = [...curator.nodes].map(([node, { revision: at }]) => ({ labels: { ...labels, node }, at }));
  return [
    metric("gauge", "curator_active", "Whether the curator has its lease.", labels, Number(curator.active)),
    metric("gauge", "curator_epoch", "The number of the takeover.", labels, curator.epoch),
    metric("gauge", "curator_revision", "The revision of the store.", labels, revision),
    metric("gauge", "curator_announced_revision", "The last revision in the stream.", labels, curator.announced),
    {
      name: "curator_node_lag",
      help: "How many revisions each registered node has not confirmed.",
      type: "gauge",
      samples: nodes.map(({ labels: of, at }) => ({ labels: of, value: Math.max(0, revision - at) })),
    },
    metric("counter", "withdrawals_total", "Withdrawals and erasures.", labels, withdrawals),
    metric("counter", "withdrawals_incomplete_total", "Withdrawals that name missing nodes.", labels, incomplete),
    metric("histogram", "withdrawal_seconds", "From the call to the last node.", labels, withdrawalTimes),
    eventMetric(labels, events),
  ];
}

function ofNode(node: ClusterNode): Metric[] {
  const { answers, refusals, events } = node.counters;
  const labels = { member: node.id };
  return [
    metric("gauge", "node_answering", "Whether the node answers.", labels, Number(node.incomplete === undefined)),
    metric("gauge", "node_revision", "The revision of the node's store.", labels, node.revision),
    metric("gauge", "node_lease_seconds", "What is left of the node's lease.", labels, node.leaseSecondsLeft),
    metric("counter", "node_answers_total", "Answers with a value.", labels, answers),
    {
      name: "node_incomplete_total",
      help: "Answers without a value, by the reason.",
      type: "counter",
      samples: [...refusals].map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
    },
    eventMetric(labels, events),
  ];
}

function ofWorker(worker: Worker): Metric[] {
  const { running, ...deliveries } = worker.counts;
  const { jobTimes, events } = worker.counters;
  const labels = { member: worker.id };
  return [
    metric("gauge", "worker_running", "Jobs that the worker has.", labels, running),
    {
      name: "worker_deliveries_total",
      help: "Deliveries of jobs, by what became of them.",
      type: "counter",
      samples: Object.entries(deliveries).map(([result, value]) => ({ labels: { ...labels, result }, value })),
    },
    metric("histogram", "worker_delivery_seconds", "From a delivery to its acknowledgement.", labels, jobTimes),
    eventMetric(labels, events),
  ];
}

async function ofQueue(queue: JobQueue): Promise<Metric[]> {
  const { waiting, delivered, results, deadLetters } = await queue.counts();
  const labels = { store: queue.store };
  return [
    {
      name: "queue_waiting",
      help: "Jobs that no worker has yet, by priority.",
      type: "gauge",
      samples: Object.entries(waiting).map(([priority, value]) => ({ labels: { ...labels, priority }, value })),
    },
    metric("gauge", "queue_delivered", "Jobs that a worker has, or that wait to be tried again.", labels, delivered),
    metric("gauge", "queue_results", "Results that are kept.", labels, results),
    metric("gauge", "queue_dead_letters", "Jobs that no worker could do.", labels, deadLetters),
  ];
}

function ofRescanner(rescanner: Rescanner): Metric[] {
  const { hashes, steps, events } = rescanner.counters;
  const labels = { store: rescanner.store };
  const each = (name: string, help: string, of: (shard: ShardRescan) => number): Metric => ({
    name,
    help,
    type: "gauge",
    samples: rescanner.shards.map((shard) => ({ labels: { ...labels, shard: `${shard.shard}` }, value: of(shard) })),
  });
  const revision = rescanner.revision ?? 0;
  return [
    each("rescan_revision", "The revision whose hashes a shard has searched.", (shard) => shard.revision),
    each("rescan_lag", "How many revisions a shard has not searched.", (shard) =>
      Math.max(0, revision - shard.revision),
    ),
    each("rescan_held", "Whether the rescan of a shard does not go on.", (shard) => Number(shard.reason !== undefined)),
    each("rescan_matches", "Uploads that a shard has found for hashes of the bank.", (shard) => shard.matches),
    metric("counter", "rescan_steps_total", "Steps that shards have taken.", labels, steps),
    metric("counter", "rescan_hashes_total", "Hashes that shards have searched for.", labels, hashes),
    eventMetric(labels, events),
  ];
}

function ofShard({ number, shard, counters: { searches, refused, events } }: ShardServer): Metric[] {
  const labels = { shard: `${number}` };
  return [
    metric("gauge", "shard_uploads", "How many uploads the shard has.", labels, shard.size),
    metric(
      "gauge",
      "shard_rescanned_revision",
      "The revision whose hashes are searched.",
      labels,
      shard.rescans.position.revision,
    ),
    metric("counter", "shard_searches_total", "Searches that the shard has answered.", labels, searches),
    metric("counter", "shard_refused_total", "Requests that the shard has refused.", labels, refused),
    eventMetric(labels, events),
  ];
}
