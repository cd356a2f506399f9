/** The commands `empreinte-cluster dead-letters`, `retry` and `discard`: jobs that no worker could do. */
import { parseArgs } from "node:util";
import type { JobQueue } from "../jobs/queue.js";
import { linkOf, linkOptions, type LinkValues, eachNamed, named, UsageError, withVariables } from "./options.js";

const options = { ...linkOptions, json: { type: "boolean", default: false } } as const;
const several = { ...linkOptions, all: { type: "boolean", default: false } } as const;

async function withQueue(values: LinkValues, work: (queue: JobQueue) => Promise<number>): Promise<number> {
  const link = linkOf(values);
  const { JobQueue } = await import("../jobs/queue.js");
  const queue = await JobQueue.open({ ...link, create: false });
  try {
    return await work(queue);
  } finally {
    await queue.close();
  }
}

/** Prints the dead letters, the oldest first: one line each. Returns 0. */
export async function deadLettersCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args: withVariables(args, options), options });
  return withQueue(values, async (queue) => {
    for await (const letter of queue.deadLetters()) {
      const { id, code, reason, worker, deliveries, time } = letter;
      const text = `${new Date(time).toISOString()} ${id}: ${code}, ${deliveries} deliveries, last to ${worker}: ${reason}`;
      // A reason may repeat what a stranger's file says: it stays one line.
      process.stdout.write(`${values.json ? JSON.stringify(letter) : text.replaceAll(/\p{Cc}/gu, " ")}\n`);
    }
    return 0;
  });
}

/** Puts dead jobs into the queue again. Returns 0, or 2 where one of them fails. */
export const retryCommand = (args: string[]): Promise<number> =>
  onEach(args, "put back", (queue, id) => queue.retry(id));

/** Removes dead letters, with the handles in them. Returns 0, or 2 where one of them fails. */
export const discardCommand = (args: string[]): Promise<number> =>
  onEach(args, "discarded", (queue, id) => queue.discard(id));

async function onEach(
  args: string[],
  what: string,
  work: (queue: JobQueue, id: string) => Promise<void>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: withVariables(args, several),
    options: several,
    allowPositionals: true,
  });
  if (values.all && positionals.length > 0) throw new UsageError("Expected either --all or the ids of jobs, not both");
  const ids = values.all ? [] : named("job", positionals);
  return withQueue(values, async (queue) => {
    // All that are there now: a job may fail again meanwhile.
    if (values.all) for await (const { id } of queue.deadLetters()) ids.push(id);
    return eachNamed(ids, (id) => work(queue, id), what);
  });
}
