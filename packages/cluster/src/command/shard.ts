/** The command `empreinte-cluster shard`: one shard of the archive. */
import { parseArgs } from "node:util";
import { memberOptions, runMember } from "./member.js";
import { given, required, whole, withVariables } from "./options.js";

const options = {
  ...memberOptions,
  shard: { type: "string" },
  shards: { type: "string" },
  "former-shards": { type: "string" },
  path: { type: "string" },
  reopen: { type: "boolean", default: false },
} as const;

/** Answers for a shard until it is stopped. Returns 0. */
export async function shardCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args: withVariables(args, options), options });
  const shard = whole("shard", required("shard", values.shard))!;
  const shards = whole("shards", required("shards", values.shards))!;
  const path = required("path", values.path);
  const former = whole("former-shards", values["former-shards"]);
  // A set of pods has one number for all of them: the shards that were there before need none.
  const more = given({ formerShards: former !== undefined && shard >= former ? former : undefined });
  return runMember(values, async (link) => {
    const { ShardServer } = await import("../archive/serve.js");
    const server = await ShardServer.start({ ...link, shard, shards, path, reopen: values.reopen, ...more });
    return { sources: [server], end: () => server.close() };
  });
}
