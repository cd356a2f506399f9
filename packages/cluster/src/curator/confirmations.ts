/** Which nodes have confirmed which revision, and which nodes must. */
import type { Confirmation } from "../net/messages.js";

/** What the curator knows of a node. */
export interface KnownNode {
  /** The last revision that the node has confirmed, or with which it renewed its lease. */
  revision: number;
  digest: string;
  /** When the curator last granted it a lease, by the curator's monotonic clock; 0 for never. */
  granted: number;
  stoppedAfter: number;
  goneAfter: number;
}

/** The nodes of a cluster, as the curator knows them. */
export class Confirmations {
  readonly #nodes: Map<string, KnownNode> = new Map();
  readonly #waiting: Set<() => void> = new Set();

  /** All known nodes by their names. */
  get nodes(): ReadonlyMap<string, KnownNode> {
    return this.#nodes;
  }

  /** Registers a node, or notes what it has confirmed. */
  note(node: string, state: Partial<KnownNode> & { revision: number; digest: string }): void {
    const before = this.#nodes.get(node) ?? { granted: 0, stoppedAfter: 0, goneAfter: 0 };
    this.#nodes.set(node, { ...before, ...state });
    for (const wake of this.#waiting) wake();
  }

  /** Notes a confirmation that a node has sent. */
  confirm({ node, revision, digest, stoppedAfter, goneAfter }: Confirmation): void {
    this.note(node, { revision, digest, stoppedAfter, goneAfter });
  }

  /** Forgets a node that has left. */
  forget(node: string): void {
    this.#nodes.delete(node);
    for (const wake of this.#waiting) wake();
  }

  /** Returns the nodes that have not confirmed a revision. */
  missing(revision: number): string[] {
    return [...this.#nodes].filter(([, node]) => node.revision < revision).map(([name]) => name);
  }

  /** Waits until something changes, or for so many milliseconds. */
  async change(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, milliseconds));
      this.#waiting.add(done);
    });
  }
}
