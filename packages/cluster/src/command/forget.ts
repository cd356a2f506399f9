/** The command `empreinte-cluster forget`: ends the registration of nodes that never return. */
import { parseArgs } from "node:util";
import { linkOf, eachNamed, linkOptions, named, withVariables } from "./options.js";

/** Forgets the nodes that are named. Returns 0, or 2 where one of them fails. */
export async function forgetCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: withVariables(args, linkOptions),
    options: linkOptions,
    allowPositionals: true,
  });
  const nodes = named("node", positionals);
  const link = linkOf(values);
  const { forgetNode } = await import("../forget.js");
  return eachNamed(nodes, (node) => forgetNode(link, node), "forgot node");
}
