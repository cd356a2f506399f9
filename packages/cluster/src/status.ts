/** What a cluster looks like from outside: read from NATS alone, without a curator or a node. */
import { type Link, type LinkOptions, openLink, orAbsent, openSnapshots, openState } from "./net/link.js";
import { nodesOf, snapshotsOf } from "./net/list.js";
import { lastAnnouncement } from "./curator/announce.js";
import { read } from "./net/messages.js";
import { type QueueCounts, queueCounts } from "./jobs/queue.js";
import { consumerName } from "./node/follow.js";
import type { ShardRescan } from "./archive/rescanner.js";
import type { KvEntry } from "@nats-io/kv";

/** One registered node. */
export interface NodeStatus {
  id: string;
  /** The revision of its last report. */
  revision: number;
  /** How many revisions it is behind the last announcement. */
  lag: number;
  /** Whether it answered at its last report, and can still have the lease that it had then. */
  answering: boolean;
  /** Seconds since that report, by the clocks of NATS and of this machine. */
  reportedSecondsAgo: number;
  /** How many announcements it has not acknowledged. */
  unacknowledged: number | undefined;
}

/** The rescans, as their process has reported them. */
export interface RescanStatus {
  /** Whether every shard has searched all hashes of the announced revision, and the report is not old. */
  complete: boolean;
  /** Seconds since the report, by the clocks of NATS and of this machine. */
  reportedSecondsAgo: number;
  shards: ShardRescan[];
}

/** A rescanner writes at least every five seconds. */
const oldReportSeconds = 15;

/** The state of a cluster. */
export interface ClusterStatus {
  store: string;
  /** The revision and the digest that were announced last. */
  revision: number;
  digest: string | undefined;
  curator: { id: string; epoch: number } | undefined;
  nodes: NodeStatus[];
  /** How many announcements the stream has. */
  announcements: number;
  snapshots: { name: string; bytes: number }[];
  /** How far the rescans of the archive's shards are; undefined where no rescanner has ever run. */
  rescans: RescanStatus | undefined;
  /** What is in the queue of jobs; zeros where there is none. */
  queue: QueueCounts;
}

/** Reads the state of a cluster. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_NATS` */
export async function clusterStatus(options: LinkOptions): Promise<ClusterStatus> {
  const link = await openLink(options, "status");
  try {
    return await statusOf(link);
  } finally {
    await link.nc.close();
  }
}

async function statusOf(link: Link): Promise<ClusterStatus> {
  const { jsm, names } = link;
  const kv = await openState(link);
  const { announcement } = await lastAnnouncement(link);
  const revision = announcement?.revision ?? 0;
  const holder = await kv.get("curator");
  const nodes: NodeStatus[] = [];
  for (const id of await nodesOf(link)) {
    const entry = await kv.get(`node.${id}`);
    if (entry === null || entry.operation !== "PUT") continue;
    const state = read<{ revision: number; answering?: boolean; leaseSeconds?: number }>("node's state", entry.value);
    const reportedSecondsAgo = Math.max(0, (Date.now() - entry.created.getTime()) / 1000);
    const consumer = await orAbsent(jsm.consumers.info(names.changes, consumerName(id)));
    nodes.push({
      id,
      revision: state.revision,
      lag: Math.max(0, revision - state.revision),
      answering: state.answering === true && reportedSecondsAgo < (state.leaseSeconds ?? 0),
      reportedSecondsAgo,
      unacknowledged: consumer && consumer.num_pending + consumer.num_ack_pending,
    });
  }
  const report = await kv.get("rescan");
  const objects = await snapshotsOf(link, await openSnapshots(link));
  const { state } = await jsm.streams.info(names.changes);
  return {
    store: names.store,
    revision,
    digest: announcement?.digest,
    curator:
      holder !== null && holder.operation === "PUT"
        ? read<{ id: string; epoch: number }>("curator's lease", holder.value)
        : undefined,
    nodes: nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    announcements: state.messages,
    snapshots: objects.map(({ name, size }) => ({ name, bytes: size })),
    rescans: report === null || report.operation !== "PUT" ? undefined : rescansOf(report, revision),
    queue: await queueCounts(link),
  };
}

function rescansOf({ value, created }: KvEntry, revision: number): RescanStatus {
  const { shards } = read<{ shards: ShardRescan[] }>("rescans' state", value);
  const reportedSecondsAgo = Math.max(0, (Date.now() - created.getTime()) / 1000);
  const done = shards.every((shard) => shard.reason === undefined && shard.revision >= revision);
  return { complete: done && reportedSecondsAgo < oldReportSeconds, reportedSecondsAgo, shards };
}

/** Writes a status as text, one line for each node. */
export function statusText({
  store,
  revision,
  digest,
  curator,
  nodes,
  announcements,
  snapshots,
  rescans,
  queue: { waiting, delivered, results, deadLetters },
}: ClusterStatus): string {
  const lines = [
    `store ${store}: revision ${revision}, digest ${digest?.slice(0, 8) ?? "none"}`,
    curator === undefined ? "no curator" : `curator ${curator.id}, epoch ${curator.epoch}`,
    `${announcements} announcements, ${snapshots.length} snapshots`,
    `jobs: ${waiting.high} high, ${waiting.normal} normal and ${waiting.low} low wait, ${delivered} are delivered, ${results} results, ${deadLetters} dead letters`,
    ...nodes.map(({ id, revision: at, lag, answering, reportedSecondsAgo, unacknowledged = 0 }) => {
      const says = answering ? "answers" : "does not answer";
      return `node ${id}: revision ${at} (${lag} behind), ${says}, reported ${reportedSecondsAgo.toFixed(0)} s ago, ${unacknowledged} unacknowledged`;
    }),
    ...rescanLines(rescans, revision),
  ];
  return lines.join("\n");
}

function rescanLines(rescans: RescanStatus | undefined, last: number): string[] {
  if (rescans === undefined) return [];
  const { complete, reportedSecondsAgo, shards } = rescans;
  return [
    `rescans ${complete ? "are complete" : "are not complete"}, reported ${reportedSecondsAgo.toFixed(0)} s ago`,
    ...shards.map(({ shard, revision, target, size, matches, reason }) => {
      const where = target > revision ? `, on the way to ${target}` : "";
      const behind = Math.max(0, last - revision);
      return `shard ${shard}: ${size} uploads, revision ${revision} (${behind} behind)${where}, ${matches} matches${reason === undefined ? "" : `, held: ${reason}`}`;
    }),
  ];
}
