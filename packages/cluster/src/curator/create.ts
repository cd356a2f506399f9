/** The first store of a cluster: of several processes, exactly one makes it. */
import { existsSync } from "node:fs";
import { BankStore } from "empreinte/bank";
import { type LinkOptions, makeStreams, openLink, openState } from "../net/link.js";
import { checkId } from "../net/names.js";
import { lastAnnouncement } from "./announce.js";
import { isConflict } from "./lease.js";

/** The key whose holder may make the store. It stays. */
const key = "store";

/**
 * Makes an empty store at a path, unless there is a file, or the cluster has or had a store of another process. Returns
 * whether it made one. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_NATS`, and what JetStream and the file report.
 */
export async function createStore({
  id,
  path,
  ...options
}: LinkOptions & { id: string; path: string }): Promise<boolean> {
  checkId("id", id);
  if (existsSync(path)) return false;
  const link = await openLink(options, `curator ${id}`);
  try {
    await makeStreams(link);
    const kv = await openState(link);
    try {
      await kv.create(key, id);
    } catch (error) {
      if (!isConflict(error)) throw error;
      // This process may have been killed before it had made the file. Nothing was announced then.
      if ((await kv.get(key))?.string() !== id) return false;
    }
    if ((await lastAnnouncement(link)).announcement !== undefined || existsSync(path)) return false;
    await (await BankStore.create(path)).close();
    return true;
  } finally {
    await link.nc.close();
  }
}
