// A node, a curator, a shard or a worker with its node as a process of its own: options as JSON in the first argument,
// commands as lines on standard input, answers and events as lines on standard output.
import { createInterface } from "node:readline";
import { ClusterNode, Curator, ShardServer, Worker } from "../../dist/index.js";

const { role, stopAt, skew = 0, ...options } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const realNow = Date.now;
Date.now = () => realNow() + skew;

const hook = async (step, revision) => {
  if (step !== stopAt) return;
  say({ hook: step, revision });
  // Until the test kills the process.
  await new Promise((resolve) => setTimeout(resolve, 600_000));
};

const onEvent = (event) => say({ event });
const member =
  role === "curator"
    ? await Curator.start({ ...options, onEvent })
    : role === "shard"
      ? await ShardServer.start({ ...options, onEvent })
      : await ClusterNode.start({ ...options, onEvent, hook });
if (role === "worker") await Worker.start({ ...options, node: member, onEvent, hook });
say({ started: true });

const commands = {
  state: () => ({ revision: member.revision, digest: member.digest, incomplete: member.incomplete }),
  search: (hash) => member.search(hash),
  import: (source, entries) => member.store.import(source, entries),
  withdraw: (selection) => member.withdraw(selection),
  position: () => member.store.history.position(),
  close: () => member.close(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [id, name, ...values] = JSON.parse(line);
  void Promise.resolve()
    .then(() => commands[name](...values))
    .then(
      (value) => say({ id, value: value ?? null }),
      (error) => say({ id, error: error.message, code: error.code }),
    );
}
process.exit(0);
