/** The command `empreinte-cluster node`: a copy of the store that answers. */
import { parseArgs } from "node:util";
import { memberOptions, runMember } from "./member.js";
import { addressOf, required, withVariables } from "./options.js";

const options = {
  ...memberOptions,
  id: { type: "string" },
  path: { type: "string" },
  listen: { type: "string" },
} as const;

/** Follows the store until it is stopped. Returns 0. */
export async function nodeCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args: withVariables(args, options), options });
  const id = required("id", values.id);
  const path = required("path", values.path);
  const address = values.listen === undefined ? undefined : addressOf("listen", values.listen);
  return runMember(values, async (link) => {
    const [{ ClusterNode }, { serveChecks }] = await Promise.all([
      import("../node/node.js"),
      import("../node/serve-checks.js"),
    ]);
    const node = await ClusterNode.start({ ...link, id, path });
    try {
      const server = address && (await serveChecks(node, address));
      const end = async (): Promise<void> => {
        // Requests at hand get their answers.
        await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
        await node.close();
      };
      return { sources: [node], end };
    } catch (error) {
      await node.close();
      throw error;
    }
  });
}
