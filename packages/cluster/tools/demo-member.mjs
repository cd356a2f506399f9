// A process of the demo: a node, or a standby, with a load of searches; the curator, with a load of imports; a shard;
// or the rescanner with its node. Options as JSON in the first argument, commands as lines on standard input. Events
// and answers are lines on standard output.
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterNode, Curator, Rescanner, ShardServer, Standby } from "../dist/index.js";

const { role, ...options } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const onEvent = (event) => say({ event });
const from = { bank: "known", source: "demo" };
const entry = (value) => ({ id: value.slice(0, 16), signals: [{ type: "pdq", value }] });

const start = {
  curator: async () => ({ curator: await Curator.start({ ...options, onEvent }) }),
  node: async () => ({ node: await ClusterNode.start({ ...options, onEvent }) }),
  shard: async () => ({ shard: await ShardServer.start({ ...options, onEvent }) }),
  rescanner: async () => {
    const node = await ClusterNode.start({ ...options, onEvent });
    return { node, rescanner: await Rescanner.start({ ...options, source: node, onEvent }) };
  },
  standby: async () => {
    const standby = await Standby.start({ ...options, onEvent });
    const made = { node: standby.node };
    standby.curator.then((curator) => (made.curator = curator)).catch(() => say({ ended: true }));
    return made;
  },
};
const member = await start[role]();

/** What must not be found any more, and what the searches of this process have found. */
const gone = new Set();
const counts = { answers: 0, incomplete: {}, wrong: 0 };
let loading = false;

async function searchAll(hashes) {
  while (loading) {
    const hash = hashes[Math.floor(Math.random() * hashes.length)];
    const wasGone = gone.has(hash);
    const { value, incomplete } = await member.node.search(hash);
    if (incomplete !== undefined) counts.incomplete[incomplete] = (counts.incomplete[incomplete] ?? 0) + 1;
    else counts.answers++;
    // It was withdrawn before the search began, so nobody may find it.
    if (wasGone && value?.length > 0) counts.wrong++;
    await sleep(2);
  }
}

async function importAll() {
  while (loading) {
    await member.curator.store.import(from, [entry(randomBytes(32).toString("hex"))]);
    await sleep(100);
  }
}

const commands = {
  load: (hashes) => {
    loading = true;
    const work = member.node === undefined ? importAll() : searchAll(hashes);
    work.catch((error) => say({ failed: error.message }));
  },
  pause: () => {
    loading = false;
    return member.curator.store.revision;
  },
  add: async (hashes) => {
    await member.curator.store.import(from, hashes.map(entry));
    return member.curator.store.revision;
  },
  rescan: (revision, options) => member.rescanner.rescan(revision, options),
  found: async () => {
    const ids = [];
    for await (const { id } of member.rescanner.matches()) ids.push(id);
    return ids;
  },
  gone: (hash) => void gone.add(hash),
  counts: () => counts,
  state: () => ({ revision: member.node.revision, incomplete: member.node.incomplete }),
  withdraw: (hash) => member.curator.withdraw({ ...from, entryId: hash.slice(0, 16) }),
  close: async () => {
    loading = false;
    await member.rescanner?.close();
    await member.shard?.close();
    await member.node?.close();
    await member.curator?.close();
  },
};
say({ started: true });

for await (const line of createInterface({ input: process.stdin })) {
  const [id, name, ...values] = JSON.parse(line);
  void Promise.resolve()
    .then(() => commands[name](...values))
    .then(
      (value) => say({ id, value: value ?? null }),
      (error) => say({ id, error: error.message }),
    );
}
process.exit(0);
