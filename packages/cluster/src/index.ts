/**
 * empreinte on several machines: banks that are replicated with proof, carried by NATS.
 * @module empreinte-cluster
 */
export { Curator, type CuratorOptions } from "./curator/curator.js";
export { Standby, type StandbyOptions } from "./curator/standby.js";
export { type ClusterRemoval, type NodeRemoval } from "./curator/withdraw.js";
export { type Answer, type AnswerOptions, ClusterNode, type IncompleteReason, type NodeOptions } from "./node/node.js";
export { ClusterError, type ClusterErrorCode } from "./errors.js";
export { type ClusterEvent, type EventListener } from "./events.js";
export { type LinkOptions } from "./net/link.js";
export { clusterStatus, type ClusterStatus, type NodeStatus } from "./status.js";
