/** Forgetting a node that never returns, from outside the curator's process. */
import { errors } from "@nats-io/transport-node";
import { ClusterError } from "./errors.js";
import { type LinkOptions, openLink } from "./net/link.js";
import { read, write } from "./net/messages.js";
import { checkId } from "./net/names.js";

/** How long the curator may take, in milliseconds. */
const timeout = 10_000;

/**
 * Asks the curator to forget a node that never returns, as `Curator.forget` does.
 * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_NO_CURATOR`, `…_NATS`, `…_ARGUMENT`, and `…_MESSAGE` with the reason
 * where the curator refuses: the node may have a lease, or is unknown
 */
export async function forgetNode(options: LinkOptions, node: string): Promise<void> {
  checkId("the node", node);
  const link = await openLink(options, "forget");
  try {
    const { data } = await link.nc.request(link.names.forget, write({ node }), { timeout });
    read("forget reply", data);
  } catch (error) {
    const silent = error instanceof errors.TimeoutError || error instanceof errors.RequestError;
    if (!silent) throw error;
    const text = `No curator answers, so node ${node} is not forgotten`;
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_NO_CURATOR", text, { cause: error });
  } finally {
    await link.nc.close();
  }
}
