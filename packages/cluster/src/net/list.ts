/**
 * What is in the bucket of states and in the object store, by requests that are answered or fail.
 *
 * The lists of the NATS client count messages first and then wait for as many. Where one of them is replaced between,
 * they may wait for ever.
 */
import type { ObjectInfo, ObjectStore } from "@nats-io/obj";
import type { Link } from "./link.js";

/** Returns the names of all subjects of a stream that begin with `begin`, without it. */
async function subjectsOf({ jsm }: Link, stream: string, begin: string): Promise<string[]> {
  const { state } = await jsm.streams.info(stream, { subjects_filter: `${begin}*` });
  return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(begin.length));
}

/** Returns the names of the nodes that have, or had, a state. Who left has a key whose operation is not `PUT`. */
export function nodesOf(link: Link): Promise<string[]> {
  const { state } = link.names;
  return subjectsOf(link, `KV_${state}`, `$KV.${state}.node.`);
}

/** Returns the snapshots that are not deleted. */
export async function snapshotsOf(link: Link, objects: ObjectStore): Promise<ObjectInfo[]> {
  const { snapshots } = link.names;
  const names = await subjectsOf(link, `OBJ_${snapshots}`, `$O.${snapshots}.M.`);
  const found = await Promise.all(names.map((name) => objects.info(Buffer.from(name, "base64url").toString())));
  return found.filter((info): info is ObjectInfo => info !== null && !info.deleted);
}
