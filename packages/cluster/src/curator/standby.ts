/** A node that becomes the curator where the curator is gone. */
import { ClusterError, reasonOf } from "../errors.js";
import { quiet } from "../events.js";
import { ClusterNode, type NodeOptions } from "../node/node.js";
import { pause } from "../net/pause.js";
import { Curator, type CuratorOptions } from "./curator.js";

/** What a standby needs: what a node and a curator need. */
export type StandbyOptions = NodeOptions & Omit<CuratorOptions, "bank" | "path" | "signal">;

/**
 * A node that waits for the curator's lease. It takes over only where its store has every revision that the stream has
 * announced and that a node has confirmed. It remains a node, and answers as one.
 */
export class Standby {
  /** The node. It follows the curator, also where that is this process. */
  readonly node: ClusterNode;
  /** Resolves with the curator as soon as this process is the curator. It rejects when the standby is closed before. */
  readonly curator: Promise<Curator>;
  readonly #closing = new AbortController();

  private constructor(node: ClusterNode, options: StandbyOptions) {
    this.node = node;
    this.curator = this.#wait(options);
    // Who does not wait for it need not handle its rejection.
    this.curator.catch(() => undefined);
  }

  /** Starts the node, and waits for the lease from then on. @throws as `ClusterNode.start`. */
  static async start(options: StandbyOptions): Promise<Standby> {
    return new Standby(await ClusterNode.start(options), options);
  }

  /** Closes the node, and the curator where this process is the curator. */
  async close(): Promise<void> {
    this.#closing.abort(new ClusterError("ERR_EMPREINTE_CLUSTER_CLOSED", "The standby is closed"));
    await this.curator.then(
      (curator) => curator.close(),
      () => undefined,
    );
    await this.node.close();
  }

  async #wait(options: StandbyOptions): Promise<Curator> {
    const { signal } = this.#closing;
    const event = quiet(options.onEvent);
    const bank = (): NonNullable<ClusterNode["store"]> => {
      const { store } = this.node;
      if (store !== undefined) return store;
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_BEHIND", "The standby has no store yet");
    };
    for (;;) {
      try {
        return await Curator.start({ ...options, bank, signal });
      } catch (error) {
        if (signal.aborted) throw error;
        event({ type: "retry", step: "take over", reason: reasonOf(error) });
        await pause(1000, signal);
        signal.throwIfAborted();
      }
    }
  }
}
