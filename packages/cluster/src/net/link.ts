/** The connection to NATS, and the streams and buckets of a store. */
import { DiscardPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import { Objm, type ObjectStore } from "@nats-io/obj";
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import { ClusterError, codeOf, reasonOf } from "../errors.js";
import { type Names, namesOf } from "./names.js";

/** How to reach NATS: servers, TLS and credentials, as `@nats-io/transport-node` takes them. */
export interface LinkOptions {
  /** The name of the store, the same on every machine: 1 to 64 of a–z, 0–9, "-" and "_". */
  store: string;
  /**
   * What `connect` of `@nats-io/transport-node` takes: `servers`, `tls`, `authenticator` … With `inboxPrefix`, answers
   * come to subjects that begin so, which NATS may let only this role read.
   */
  nats: NodeConnectionOptions;
  /** How many servers keep each stream, 1 … 5. Default 1; 3 for a cluster of servers. */
  replicas?: number;
}

/** One open connection. */
export interface Link {
  nc: NatsConnection;
  js: JetStreamClient;
  jsm: JetStreamManager;
  names: Names;
  replicas: number;
  inboxPrefix?: string | undefined;
}

const seconds = (count: number): number => count * 1_000_000_000;

/** Connects. It reconnects for ever by itself. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_NATS` */
export async function openLink({ store, nats, replicas = 1 }: LinkOptions, name: string): Promise<Link> {
  const names = namesOf(store);
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5) {
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", "Expected an integer from 1 to 5 for replicas");
  }
  try {
    const nc = await connect({ maxReconnectAttempts: -1, reconnectTimeWait: 250, ...nats, name });
    const js = jetstream(nc, { timeout: 2000 });
    const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 2000 });
    return { nc, js, jsm, names, replicas, inboxPrefix: nats.inboxPrefix };
  } catch (error) {
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_NATS", `NATS cannot be reached: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** 10014: there is no such consumer; 10037: no such message; 10059: no such stream. */
const absent = [10014, 10037, 10059];

/** Returns what JetStream has, or undefined if it says that there is no such thing. @throws every other error. */
export async function orAbsent<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (absent.includes(Number(codeOf(error)))) return undefined;
    throw error;
  }
}

/** Makes what is missing of the streams and buckets of the store. A curator does so whenever it takes over. */
export async function makeStreams({ js, jsm, names, replicas }: Link): Promise<void> {
  const found = await orAbsent(jsm.streams.info(names.changes));
  if (found === undefined) {
    await jsm.streams.add({
      name: names.changes,
      subjects: [names.announcement],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_msgs: 100_000,
      duplicate_window: seconds(120),
      num_replicas: replicas,
    });
  }
  await new Kvm(js).create(names.state, { history: 1, replicas });
  await new Objm(js).create(names.snapshots, { storage: StorageType.File, replicas });
}

/** Opens the bucket of states. */
export const openState = ({ js, names }: Link): Promise<KV> => new Kvm(js).open(names.state);

/** Opens the store of snapshots. */
export const openSnapshots = ({ js, names }: Link): Promise<ObjectStore> => new Objm(js).open(names.snapshots);
