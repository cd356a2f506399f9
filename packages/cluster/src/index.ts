/**
 * empreinte on several machines: banks that are replicated with proof, carried by NATS.
 * @module empreinte-cluster
 */
export { Curator, type CuratorOptions } from "./curator/curator.js";
export { Standby, type StandbyOptions } from "./curator/standby.js";
export { type ClusterRemoval, type NodeRemoval } from "./curator/withdraw.js";
export { type Answer, type AnswerOptions, type IncompleteReason } from "./node/answer.js";
export { type CheckVideoOptions, ClusterNode, type NodeOptions } from "./node/node.js";
export { ClusterError, type ClusterErrorCode } from "./errors.js";
export { forgetNode } from "./forget.js";
export { type ClusterEvent, type EventListener } from "./events.js";
export { type LinkOptions } from "./net/link.js";
export { clusterStatus, type ClusterStatus, type NodeStatus } from "./status.js";
export { type DeadLetter, type Handle, type Job, type JobDecision, type JobResult, type Priority } from "./jobs/job.js";
export { JobQueue, type JobQueueOptions, type QueueCounts } from "./jobs/queue.js";
export { type HashedUpload, type Keep } from "./jobs/work.js";
export { type HandleOptions } from "./jobs/handles.js";
export { Worker, type WorkerOptions } from "./jobs/worker.js";
export { metricsText, serveMetrics } from "./metrics/serve.js";
export { serveStatus } from "./metrics/serve-status.js";
export { type HttpAddress } from "./net/http.js";
export { serveChecks } from "./node/serve-checks.js";
export { type MetricSource } from "./metrics/members.js";
export { Archive, type ArchiveAnswer, type ArchiveLayout, type ArchiveOptions } from "./archive/archive.js";
export { type MissingShard } from "./archive/ask.js";
export { type Rescan } from "./archive/rescan-report.js";
export { type ExportColumn, type ExportOptions } from "./archive/export.js";
export { Rescanner, type RescannerOptions, type ShardRescan } from "./archive/rescanner.js";
export { type RescanMatch, type RescanPosition, type RescanProgress } from "./archive/rescans.js";
export { ShardServer, type ShardServerOptions } from "./archive/serve.js";
export { type ArchivedUpload, type ArchiveMatch } from "./archive/shard.js";
