/** The command `empreinte-cluster rescanner`: a node, and the rescans of what it learns. */
import { parseArgs } from "node:util";
import { memberOptions, runMember } from "./member.js";
import { given, required, whole, withVariables } from "./options.js";

const options = {
  ...memberOptions,
  id: { type: "string" },
  path: { type: "string" },
  shards: { type: "string" },
  radius: { type: "string" },
} as const;

/** Rescans until it is stopped. Returns 0. */
export async function rescannerCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args: withVariables(args, options), options });
  const id = required("id", values.id);
  const path = required("path", values.path);
  const shards = whole("shards", required("shards", values.shards))!;
  const more = given({ radius: whole("radius", values.radius) });
  return runMember(values, async (link) => {
    const [{ ClusterNode }, { Rescanner }] = await Promise.all([
      import("../node/node.js"),
      import("../archive/rescanner.js"),
    ]);
    const node = await ClusterNode.start({ ...link, id, path });
    try {
      const rescanner = await Rescanner.start({ ...link, shards, source: node, ...more });
      const end = async (): Promise<void> => {
        await rescanner.close();
        await node.close();
      };
      return { sources: [node, rescanner], end };
    } catch (error) {
      await node.close();
      throw error;
    }
  });
}
