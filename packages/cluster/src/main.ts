#!/usr/bin/env node
/** The command `empreinte-cluster`. */
import { curatorCommand } from "./command/curator.js";
import { forgetCommand } from "./command/forget.js";
import { deadLettersCommand, discardCommand, retryCommand } from "./command/letters.js";
import { nodeCommand } from "./command/node.js";
import { UsageError } from "./command/options.js";
import { rescannerCommand } from "./command/rescanner.js";
import { shardCommand } from "./command/shard.js";
import { statusCommand } from "./command/status.js";
import { workerCommand } from "./command/worker.js";
import { reasonOf } from "./errors.js";

const help = `Usage: empreinte-cluster COMMAND --store NAME [options]

Commands:
  status      print the revision, the curator, the nodes, the queue and the rescans of a cluster
  forget      end the registration of nodes that never return
  dead-letters, retry, discard   see, put back or remove jobs that no worker could do
  curator     follow the store, and become the curator where there is none
  node        follow the store, and answer checks
  worker      follow the store, take jobs from the queue, and store their results
  shard       have one shard of the archive, and answer for it
  rescanner   follow the store, and search all shards for each new hash

Every command:
  --store NAME       the name of the store
  --servers URLS     the servers of NATS, with commas (default: 127.0.0.1:4222)
  --ca, --cert, --key FILE   certificates for TLS
  --inbox PREFIX     where answers come to, as the permissions of its role say: _INBOX.node (default: _INBOX)
  -h, --help         print this
Each option has a variable: EMPREINTE_CLUSTER_STORE for --store. Repeated values have commas between them, and a switch
is 0 or 1. The arguments come before the variables.

status:
  --json             print JSON, one line for each status
  --watch SECONDS    print again and again
  --serve [HOST:]PORT   serve it at /status until SIGTERM, for the dashboard of empreinte-server (host: 127.0.0.1)

forget NODE...:
  The curator must run. It refuses a node that may still have a lease, and withdrawals wait for the others alone.

dead-letters:
  --json             print JSON, one line for each

retry ID..., discard ID...:
  --all              all dead letters that there are now; of a retried job, the result is dropped

Every other command prints events as lines of JSON. SIGTERM and SIGINT end it, after what it has at hand.
  --metrics [HOST:]PORT   serve /metrics for Prometheus, and /ready (host: 127.0.0.1)

curator, node, worker, rescanner:
  --id NAME          the name of this process, different from every other one's
  --path FILE        where it keeps the store, or its copy of it

curator:
  --create           make an empty store if the cluster has none; of several processes, one makes it
  --curator-lease SECONDS  a standby takes over after this time (default: 5)
  --node-lease SECONDS     how long a node answers without the curator (default: 15)
  --replicas N       how many servers keep the streams (default: 1)

node:
  --listen [HOST:]PORT     answer checks: POST an image to /check (host: 127.0.0.1)

worker:
  --root FOLDER      a folder from which paths may be opened; repeat it for more
  --origin URL       an origin of yours, which need not have a public address; repeat it for more
  --concurrency N    jobs at once (default: 4)
  --deliveries N     how often a job is delivered before it becomes a dead letter (default: 5)
  --level LEVEL      fast, standard or thorough (default: fast)
  --shards N         keep the hash of each image in the archive, which has so many shards
  --orientations     keep it in all eight orientations, which takes eight times the memory of the shards
  --drain SECONDS    how long it may take to finish its jobs (default: 30)
  --replicas N       how many servers keep the queue, where this worker makes it (default: 1)

shard:
  --shard N          which shard it is, 0 to N - 1
  --shards N         how many shards the archive has
  --path FILE        where it keeps the uploads
  --former-shards N  for new shards of an archive that had fewer: how many it had
  --reopen           open a file that was copied to another place, after the copy was lost

rescanner:
  --shards N         how many shards the archive has
  --radius BITS      how many bits may differ (default: 31)

The exit status is 0, and 2 for an error. It is 1 where \`status\` finds no curator, a node that is behind or does not
answer, or rescans that are not complete; and where another process has taken over from \`curator\`: start it again.
`;

const commands: Record<string, (args: string[]) => Promise<number>> = {
  status: statusCommand,
  forget: forgetCommand,
  "dead-letters": deadLettersCommand,
  retry: retryCommand,
  discard: discardCommand,
  curator: curatorCommand,
  node: nodeCommand,
  worker: workerCommand,
  shard: shardCommand,
  rescanner: rescannerCommand,
};

async function main([name = "", ...args]: string[]): Promise<number> {
  if ([name, ...args].some((arg) => arg === "--help" || arg === "-h")) {
    process.stdout.write(help);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`the command is one of ${Object.keys(commands).join(", ")}`);
  return command(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`empreinte-cluster: ${reasonOf(error)}\n`);
  process.exitCode = 2;
}
