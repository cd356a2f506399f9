/** Fetching revisions from the curator: in chunks, a few at a time. */
import type { BankStore } from "empreinte/bank";
import type { Link } from "../net/link.js";
import { type FetchReply, read, write } from "../net/messages.js";

/** Chunks that are requested at once. */
const atOnce = 4;
const timeout = 5000;

/** What the curator has for a node. */
export type Fetched =
  | { kind: "revisions"; bytes: Uint8Array; epoch: number }
  | { kind: "snapshot" | "other history" | "nothing"; epoch: number; bytes?: undefined };

/** Fetches what the store lacks. @throws where the curator does not answer, or drops the revisions meanwhile. */
export async function fetchRevisions({ nc, names }: Link, store: BankStore, node: string): Promise<Fetched> {
  const position = store.history.position();
  const message = await nc.request(names.fetch, write({ node, position }), { timeout });
  const { kind, id, chunks, revision, epoch } = read<FetchReply>("fetch reply", message.data);
  if (kind !== "revisions") return { kind, epoch };
  if (revision === position.revision) return { kind: "nothing", epoch };
  const parts: Uint8Array[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < chunks) {
      const chunk = next++;
      const { data } = await nc.request(names.chunk, write({ id, chunk }), { timeout });
      if (data.length === 0) throw new Error("the curator has dropped these revisions");
      parts[chunk] = data;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, chunks) }, worker));
  return { kind: "revisions", bytes: Buffer.concat(parts), epoch };
}
