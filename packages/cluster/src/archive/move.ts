/**
 * What happens where an archive gets more shards: each old shard sends the uploads that belong to a new one to it, and
 * drops them once they are there. All shards are searched meanwhile, so that nothing is missed.
 */
import { reasonOf } from "../errors.js";
import type { EventListener } from "../events.js";
import { Backoff, pause } from "../net/pause.js";
import type { Turns } from "../net/turns.js";
import { type ArchiveLink, askShard, isMissing } from "./ask.js";
import { groupBy, type MovedUploads, shardOf } from "./messages.js";
import type { Layout } from "./layout.js";
import type { ArchiveShard } from "./shard.js";

/** Uploads that are looked at in one turn, in which none is kept or removed. */
const atOnce = 2000;
/** The most characters of uploads in one message. */
const mostCharacters = 500_000;
/** How often a new shard asks whether all old ones are done, in milliseconds. */
const askMilliseconds = 1000;

export interface MoveContext {
  archive: ArchiveLink;
  number: number;
  shard: ArchiveShard;
  /** The turns of what changes the shard. */
  changes: Turns;
  signal: AbortSignal;
  event: EventListener;
}

/** Finishes what a shard's layout asks for: an old one moves uploads, and a new one waits for all old ones. */
export async function finishLayout(context: MoveContext): Promise<void> {
  const { shard, number, signal, event } = context;
  const { former } = shard.layout!;
  if (former === undefined) return;
  const backoff = new Backoff(250, 5000);
  while (!signal.aborted) {
    try {
      if (number < former) await moveAll(context, former);
      else await waitForAll(context, former);
      if (signal.aborted) return;
      await context.changes.run(async () => shard.setLayout({ ...shard.layout!, former: undefined }));
      event({ type: "shard-moved", shard: number });
      return;
    } catch (error) {
      if (!signal.aborted) event({ type: "retry", step: "move uploads", reason: reasonOf(error) });
      await backoff.wait(signal);
    }
  }
}

async function moveAll(context: MoveContext, former: number): Promise<void> {
  const { shard, changes, signal } = context;
  let [after, moved]: [after: number | undefined, moved: boolean] = [0, false];
  while (after !== undefined && !signal.aborted) {
    const from: number = after;
    // Nothing is kept, removed or searched for meanwhile: an upload that is on its way cannot be removed from here.
    const one = await changes.run(async () => moveSome(context, former, from));
    moved ||= one.moved;
    after = one.last;
  }
  if (moved && !signal.aborted) await changes.run(async () => shard.save());
}

/** Moves what belongs elsewhere of the next uploads. `last` is undefined at the end. */
async function moveSome(
  { archive, number, shard, signal }: MoveContext,
  former: number,
  after: number,
): Promise<{ last: number | undefined; moved: boolean }> {
  const rows = shard.page(after, atOnce);
  const byHome = groupBy(rows, ({ id }) => shardOf(id, archive.shards));
  byHome.delete(number);
  for (const [home, all] of byHome) {
    for (let next = 0; next < all.length;) {
      const uploads: MovedUploads["uploads"] = [];
      for (let characters = 0; next < all.length && (uploads.length === 0 || characters < mostCharacters); next++) {
        const { number: its, ...upload } = all[next]!;
        const matches = shard.rescans.ofUpload(its);
        uploads.push({ ...upload, matches });
        characters += JSON.stringify(upload).length + 40 * matches.length;
      }
      if (signal.aborted) throw new Error("the shard is closed");
      const move: MovedUploads = { former, position: shard.rescans.position, uploads };
      const reply = await askShard(archive, home, { move }, 60);
      if (isMissing(reply)) throw new Error(`shard ${home}: ${reply.reason}`);
      if (!("kept" in reply)) throw new Error(`shard ${home}: the answer is not one to this request`);
      if (reply.conflicts.length > 0) throw new Error(`shard ${home} has another hash for ${reply.conflicts[0]}`);
      shard.drop(uploads.map(({ id }) => id));
    }
  }
  return { last: rows.at(-1)?.number, moved: byHome.size > 0 };
}

async function waitForAll({ archive, signal }: MoveContext, former: number): Promise<void> {
  for (let shard = 0; shard < former && !signal.aborted;) {
    const reply = await askShard(archive, shard, { progress: 0 }, 5);
    if (!isMissing(reply) && "layout" in reply && isDone(reply.layout, archive.shards)) shard++;
    else await pause(askMilliseconds, signal);
  }
}

const isDone = (layout: Layout, shards: number): boolean => layout.shards >= shards && layout.former === undefined;
