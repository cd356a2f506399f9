/** The curator's answers to nodes: leases, revisions and snapshots. */
import type { Msg, Subscription } from "@nats-io/transport-node";
import type { BankStore } from "empreinte/bank";
import { codeOf, reasonOf } from "../errors.js";
import type { EventListener } from "../events.js";
import type { Link } from "../net/link.js";
import {
  type Confirmation,
  type FetchReply,
  type FetchRequest,
  read,
  type RenewReply,
  type RenewRequest,
  type SnapshotReply,
  type SnapshotRequest,
  write,
} from "../net/messages.js";
import type { Bundles } from "./bundles.js";
import type { Confirmations } from "./confirmations.js";
import type { CuratorLease } from "./lease.js";
import type { Snapshots } from "./snapshot.js";

export interface ServeContext {
  link: Link;
  store: BankStore;
  lease: CuratorLease;
  bundles: Bundles;
  snapshots: Snapshots;
  confirmations: Confirmations;
  nodeLeaseSeconds: number;
  /** The revision of the last withdrawal: no node behind it gets a lease. */
  required: () => number;
  /** Forgets a node that never returns. */
  forget: (node: string) => Promise<void>;
  now: () => number;
  event: EventListener;
}

type Handler = (message: Msg) => Promise<void> | void;

/** Subscribes to what nodes send, and answers. The caller ends the subscriptions. */
export function serve(context: ServeContext): Subscription[] {
  const { names, nc } = context.link;
  const handlers: [subject: string, handler: Handler][] = [
    [names.renew, (message) => renew(context, message)],
    [names.fetch, (message) => fetchRevisions(context, message)],
    [names.chunk, (message) => sendChunk(context, message)],
    [names.snapshot, (message) => sendSnapshot(context, message)],
    [names.done, (message) => context.confirmations.confirm(confirmed(context, message))],
    [names.leave, (message) => leave(context, message)],
    [names.forget, (message) => forget(context, message)],
  ];
  return handlers.map(([subject, handler]) =>
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return context.event({ type: "refused", reason: reasonOf(error) });
        void handle(context, handler, message);
      },
    }),
  );
}

/** If the answer fails, the sender gets the reason at once, and tries again. */
async function handle(context: ServeContext, handler: Handler, message: Msg): Promise<void> {
  try {
    if (!context.lease.sure) throw new Error("this curator cannot renew its lease");
    await handler(message);
  } catch (error) {
    context.event({ type: "refused", reason: reasonOf(error) });
    message.respond(write({ refused: reasonOf(error) }));
  }
}

/** Whether a node's revision is one of the store's own. */
function isOurs(store: BankStore, revision: number, digest: string): boolean {
  return revision <= store.revision && store.history.digest(revision) === digest;
}

function renew(context: ServeContext, message: Msg): void {
  const { store, lease, confirmations, nodeLeaseSeconds, now } = context;
  const { node, epoch, revision, digest } = read<RenewRequest>("renewal request", message.data);
  if (epoch > lease.epoch) lease.raise(epoch);
  const ours = isOurs(store, revision, digest);
  const required = context.required();
  const granted = ours && revision >= required && epoch <= lease.epoch;
  // The node is registered before it may answer, so that no withdrawal can miss it.
  if (ours) confirmations.note(node, { revision, digest, ...(granted && { granted: now() }) });
  const head = store.history.position();
  const reply: RenewReply = {
    epoch: lease.epoch,
    granted,
    revision: head.revision,
    digest: head.digest,
    required,
    leaseSeconds: nodeLeaseSeconds,
    ...(!ours && { otherHistory: true as const }),
  };
  message.respond(write(reply));
}

function fetchRevisions({ store, lease, bundles }: ServeContext, message: Msg): void {
  const { position } = read<FetchRequest>("fetch request", message.data);
  const answer = (kind: FetchReply["kind"], id = "", chunks = 0): void => {
    const reply: FetchReply = { epoch: lease.epoch, kind, id, chunks, revision: store.revision };
    message.respond(write(reply));
  };
  try {
    const bundle = bundles.open(position);
    if (bundle === undefined) answer("snapshot");
    else answer("revisions", bundle.id, bundle.chunks);
  } catch (error) {
    if (codeOf(error) !== "ERR_EMPREINTE_HISTORY") throw error;
    answer("other history");
  }
}

function sendChunk({ bundles }: ServeContext, message: Msg): void {
  const { id, chunk } = read<{ id: string; chunk: number }>("chunk request", message.data);
  // No bytes say that the revisions are not kept any more: the node asks anew.
  message.respond(bundles.chunk(id, chunk) ?? new Uint8Array());
}

async function sendSnapshot({ lease, snapshots }: ServeContext, message: Msg): Promise<void> {
  const { damaged } = read<SnapshotRequest>("snapshot request", message.data);
  const { object, key, sha256 } = await snapshots.get(damaged);
  const reply: SnapshotReply = { epoch: lease.epoch, object, key, sha256 };
  message.respond(write(reply));
}

function confirmed({ store }: ServeContext, message: Msg): Confirmation {
  const confirmation = read<Confirmation>("confirmation", message.data);
  if (isOurs(store, confirmation.revision, confirmation.digest)) return confirmation;
  throw new Error(`node ${confirmation.node} confirms a revision that is not the store's`);
}

function leave({ confirmations }: ServeContext, message: Msg): void {
  const { node } = read<{ node: string }>("leave request", message.data);
  confirmations.forget(node);
  message.respond();
}

async function forget(context: ServeContext, message: Msg): Promise<void> {
  const { node } = read<{ node: string }>("forget request", message.data);
  await context.forget(node);
  message.respond(write({ forgotten: node }));
}
