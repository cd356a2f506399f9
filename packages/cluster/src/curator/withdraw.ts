/** Withdrawal from every node, with a proof: each node confirms, or it has stopped answering. */
import type { BankStore, Removal, Selection } from "empreinte/bank";
import type { Confirmations } from "./confirmations.js";

/** When a node stopped matching, and when the bytes were gone from its files: milliseconds from the call. */
export interface NodeRemoval {
  /** At most this long after the call, no search of the node finds the entries. */
  stoppedAfter: number;
  /** At most this long after the call, the bytes were gone from the node's files. */
  goneAfter: number;
}

/** What a withdrawal did on every machine. */
export interface ClusterRemoval {
  /** The curator's own removal. */
  curator: Removal;
  revision: number;
  /** Whether every node has confirmed. Otherwise `missing` names those that have not. */
  complete: boolean;
  /** The nodes that have confirmed. */
  nodes: Record<string, NodeRemoval>;
  /**
   * The nodes that have not confirmed. None of them answers: their leases have ended, and they get none before they
   * have the revision. What they have on disk goes when they return.
   */
  missing: string[];
  /** Whether the stream has the announcement. A pending withdrawal is announced as soon as NATS takes it. */
  pending: boolean;
  /** Whether the old snapshot's object is deleted. Its key is dropped in any case. */
  snapshotDeleted: boolean;
  /** Milliseconds from the call until this answer. */
  took: number;
}

export interface WithdrawContext {
  store: BankStore;
  confirmations: Confirmations;
  nodeLeaseSeconds: number;
  now: () => number;
  /** Milliseconds until every lease that an earlier curator may have granted has ended. */
  earlierLeases: () => number;
  /** Called once the store has removed the entries: no lease is granted behind that revision. */
  removed: (revision: number) => void;
  /** Announces. Returns false where NATS does not take it. */
  announce: () => Promise<boolean>;
  /** The last revision that the stream has, as far as the curator knows. */
  announced: () => number;
  dropSnapshot: () => Promise<boolean>;
}

/** Removes the selected entries here, and waits for all nodes. */
export async function withdrawEverywhere(
  context: WithdrawContext,
  selection: Selection,
  kind: "withdraw" | "erase",
): Promise<ClusterRemoval> {
  const { store, confirmations, nodeLeaseSeconds, now } = context;
  const start = now();
  const curator = await store[kind](selection);
  const { revision } = curator;
  context.removed(revision);
  // A lease that was granted until now ends within this time, whatever becomes of its node.
  const granted = now();
  const [announced, snapshotDeleted] = [context.announce(), context.dropSnapshot()];
  const nodes: Record<string, NodeRemoval> = {};
  const collect = (): void => {
    for (const [name, node] of confirmations.nodes) {
      if (node.revision < revision || name in nodes) continue;
      const goneAfter = now() - start;
      // The node's own clock gives the time between the two, and the curator's the time of the second.
      nodes[name] = { stoppedAfter: Math.max(0, goneAfter - (node.goneAfter - node.stoppedAfter)), goneAfter };
    }
  };
  for (;;) {
    collect();
    const left = granted + 1000 * nodeLeaseSeconds - now();
    const earlier = context.earlierLeases();
    const missing = confirmations.missing(revision);
    if (left <= 0 && earlier <= 0) break;
    if (missing.length === 0 && earlier <= 0) break;
    await confirmations.change(missing.length === 0 ? earlier : Math.max(left, earlier));
  }
  collect();
  const missing = confirmations.missing(revision);
  const atOnce = await announced;
  return {
    curator,
    revision,
    complete: missing.length === 0,
    nodes,
    missing,
    // The curator goes on announcing while this waits, so that a first failure is not the last word.
    pending: !atOnce && context.announced() < revision,
    snapshotDeleted: await snapshotDeleted,
    took: now() - start,
  };
}
