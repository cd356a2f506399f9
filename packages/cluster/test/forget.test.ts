/** Nodes that never return, and jobs that no worker could do, from the command line. */
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clusterStatus, forgetNode, JobQueue } from "../dist/index.js";
import { forgetCommand } from "../src/command/forget.ts";
import { deadLettersCommand, discardCommand, retryCommand } from "../src/command/letters.ts";
import { from, same, TestCluster } from "./support/cluster.ts";
import { needsNats, Servers } from "./support/servers.ts";

let servers: Servers;
let cluster: TestCluster;
beforeEach(async (ctx) => {
  needsNats(ctx);
  servers = await Servers.start(1);
  cluster = new TestCluster(servers);
});
afterEach(async () => {
  await cluster?.close();
  await servers?.close();
});

const link = (): { store: string; nats: { servers: string[] } } => ({ store: "test", nats: { servers: servers.urls } });

const commands = {
  forget: forgetCommand,
  "dead-letters": deadLettersCommand,
  retry: retryCommand,
  discard: discardCommand,
};

/** Runs a command in this process. */
async function command(
  name: keyof typeof commands,
  ...args: string[]
): Promise<{ status: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(String(text)) > 0),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => err.push(String(text)) > 0),
  ];
  try {
    const status = await commands[name](["--store", "test", "--servers", servers.urls.join(","), ...args]);
    return { status, out: out.join(""), err: err.join("") };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test("a node that never returns is forgotten once its lease has ended, and withdrawals wait for it no longer", async () => {
  await expect(forgetNode(link(), "gone")).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLUSTER_NO_CURATOR" });
  await cluster.store("curator");
  let skip = 0;
  const now = (): number => performance.now() + skip;
  const curator = await cluster.curator("curator", { nodeLeaseSeconds: 600, now });
  const gone = await cluster.node("gone");
  await same(curator, [gone]);
  await gone.close();
  // Whoever has just taken over does not know what an earlier curator granted.
  const early = await command("forget", "gone");
  expect(early).toMatchObject({ status: 2, out: "" });
  expect(early.err).toMatch(
    /^empreinte-cluster: The curator refuses: Node gone may have a lease for another \d+ seconds\n$/,
  );
  expect((await clusterStatus(link())).nodes.map(({ id }) => id)).toEqual(["gone"]);
  skip = 600_000;
  // The curator's own lease is by the same clock: it renews that first.
  await expect.poll(() => curator.active, { interval: 50, timeout: 20_000 }).toBe(true);
  const late = await command("forget", "unknown", "gone");
  expect(late).toEqual({
    status: 2,
    out: "forgot node gone\n",
    err: "empreinte-cluster: The curator refuses: There is no node unknown\n",
  });
  expect((await clusterStatus(link())).nodes).toEqual([]);
  const removal = await curator.withdraw({ ...from, entryId: "case-1" });
  expect(removal).toMatchObject({ complete: true, missing: [], nodes: {} });
  const nc = await connect({ servers: servers.urls });
  const info = (await jetstreamManager(nc)).consumers.info("EMP_CHANGES_test", "node-gone");
  await expect(info).rejects.toMatchObject({ code: 10_014 });
  await nc.close();
});

test("dead letters are listed, put back and discarded, and no queue is made for that", async () => {
  expect(await command("dead-letters")).toEqual({ status: 0, out: "", err: "" });
  await expect(command("retry")).rejects.toThrow("Name at least one job");
  const nc = await connect({ servers: servers.urls });
  const jsm = await jetstreamManager(nc);
  await expect(jsm.streams.info("EMP_DEAD_test")).rejects.toMatchObject({ code: 10_059 });
  const queue = await JobQueue.open(link());
  const token = (id: string): string => Buffer.from(id).toString("base64url");
  const letter = async (id: string, job?: object): Promise<void> => {
    const subject = job === undefined ? `emp.dead.test.malformed.${token(id)}` : `emp.dead.test.${token(id)}`;
    const text = { id, job, worker: "w", deliveries: 2, time: 0, code: "E_X", reason: "two\nlines" };
    nc.publish(subject, JSON.stringify(text));
    await nc.flush();
  };
  for (const id of ["a", "b", "c"]) await letter(id, { id, handle: { key: id } });
  await letter("d");
  await expect.poll(async () => (await queue.counts()).deadLetters, { interval: 20 }).toBe(4);
  const { out } = await command("dead-letters");
  const line = (id: string): string => `1970-01-01T00:00:00.000Z ${id}: E_X, 2 deliveries, last to w: two lines\n`;
  expect(out).toBe(["a", "b", "c", "d"].map(line).join(""));
  const [first] = (await command("dead-letters", "--json")).out.split("\n");
  expect(JSON.parse(first!)).toMatchObject({ id: "a", job: { handle: { key: "a" } } });
  expect(await command("discard", "a", "x")).toEqual({
    status: 2,
    out: "discarded a\n",
    err: "empreinte-cluster: There is no dead letter of x\n",
  });
  await expect(command("discard", "--all", "b")).rejects.toThrow("either --all or the ids");
  // What was no job cannot be put back, and the others are.
  expect(await command("retry", "--all")).toEqual({
    status: 2,
    out: "put back b\nput back c\n",
    err: "empreinte-cluster: Dead letter d was no job, so it can only be discarded\n",
  });
  expect(await queue.counts()).toMatchObject({ waiting: { normal: 2 }, deadLetters: 1 });
  expect((await command("discard", "--all")).status).toBe(0);
  await expect.poll(async () => (await queue.counts()).deadLetters, { interval: 20 }).toBe(0);
  await queue.close();
  await nc.close();
});
