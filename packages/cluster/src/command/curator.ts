/** The command `empreinte-cluster curator`: a standby, which becomes the curator where there is none. */
import { parseArgs } from "node:util";
import type { ClusterEvent } from "../events.js";
import type { MetricSource } from "../metrics/members.js";
import { given, positive, required, withVariables } from "./options.js";
import { memberOptions, runMember } from "./member.js";

const options = {
  ...memberOptions,
  id: { type: "string" },
  path: { type: "string" },
  create: { type: "boolean", default: false },
  replicas: { type: "string" },
  "curator-lease": { type: "string" },
  "node-lease": { type: "string" },
} as const;

/** Runs until it is stopped, and returns 0; or until another process takes over, and returns 1. */
export async function curatorCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args: withVariables(args, options), options });
  const id = required("id", values.id);
  const path = required("path", values.path);
  const leases = given({
    curatorLeaseSeconds: positive("curator-lease", values["curator-lease"], "seconds"),
    nodeLeaseSeconds: positive("node-lease", values["node-lease"], "seconds"),
  });
  return runMember(values, async ({ onEvent, ...link }) => {
    // Loaded now, as in every command: a mistake in the arguments is said without them.
    const [{ Standby }, { createStore }] = await Promise.all([
      import("../curator/standby.js"),
      import("../curator/create.js"),
    ]);
    if (values.create) await createStore({ ...link, id, path });
    let depose: (status: number) => void;
    const ended = new Promise<number>((resolve) => (depose = resolve));
    const listen = (event: ClusterEvent): void => {
      onEvent(event);
      // Its store is a replica from now on. Who starts the command again has a standby.
      if (event.type === "deposed") depose(1);
    };
    const standby = await Standby.start({ ...link, id, path, ...leases, onEvent: listen });
    const sources: MetricSource[] = [standby.node];
    // It rejects only where the standby is closed before it is the curator.
    standby.curator.then((curator) => sources.push(curator)).catch(() => undefined);
    return { sources, ended, end: () => standby.close() };
  });
}
