/** The command `empreinte-cluster status`. */
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { untilSignal } from "./member.js";
import { addressOf, linkOf, linkOptions, positive, withVariables } from "./options.js";

/** Prints the status of a cluster. Returns 0, or 1 where something is not well. */
export async function statusCommand(args: string[]): Promise<number> {
  const options = {
    ...linkOptions,
    json: { type: "boolean", default: false },
    watch: { type: "string" },
    serve: { type: "string" },
  } as const;
  const { values } = parseArgs({ args: withVariables(args, options), options });
  const link = linkOf(values);
  const seconds = positive("watch", values.watch, "seconds");
  if (values.serve !== undefined) {
    const address = addressOf("serve", values.serve);
    const stopped = untilSignal();
    const server = await (await import("../metrics/serve-status.js")).serveStatus(link, address);
    await stopped;
    server.close();
    return 0;
  }
  const { clusterStatus, statusText } = await import("../status.js");
  for (;;) {
    const status = await clusterStatus(link);
    process.stdout.write(`${values.json ? JSON.stringify(status) : statusText(status)}\n`);
    if (seconds === undefined) {
      const nodes = status.nodes.every(({ lag, answering }) => lag === 0 && answering);
      const isWell = status.curator !== undefined && nodes && status.rescans?.complete !== false;
      return isWell ? 0 : 1;
    }
    await setTimeout(1000 * seconds);
  }
}
