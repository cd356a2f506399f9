#!/usr/bin/env node
/** The command `empreinte-cluster`. */
import { UsageError } from "./command/options.js";
import { statusCommand } from "./command/status.js";
import { workerCommand } from "./command/worker.js";
import { reasonOf } from "./errors.js";

const help = `Usage: empreinte-cluster status --store NAME [--json] [--watch SECONDS]
       empreinte-cluster worker --store NAME --id NAME --path FILE [options]

Every command:
  --store NAME       the name of the store
  --servers URLS     the servers of NATS, with commas (default: 127.0.0.1:4222)
  --ca, --cert, --key FILE   certificates for TLS
  -h, --help         print this

status: prints the revision, the curator, the nodes, the queue and the rescans of a cluster, as NATS has them.
  --json             print JSON, one line for each status
  --watch SECONDS    print again and again

worker: follows the store, takes jobs from the queue, and stores their results. It prints events as lines of JSON.
SIGTERM and SIGINT end it: it finishes the jobs that it has, and takes no more.
  --id NAME          the name of this node and worker
  --path FILE        where it keeps its copy of the store
  --root FOLDER      a folder from which paths may be opened; repeat it for more
  --origin URL       an origin of yours, which need not have a public address; repeat it for more
  --concurrency N    jobs at once (default: 4)
  --deliveries N     how often a job is delivered before it becomes a dead letter (default: 5)
  --level LEVEL      fast, standard or thorough (default: fast)
  --drain SECONDS    how long it may take to finish its jobs (default: 30)
  --metrics [HOST:]PORT   serve metrics for Prometheus at /metrics (host: 127.0.0.1)
  --replicas N       how many servers keep the queue, where this worker makes it (default: 1)

The exit status is 0, 1 where \`status\` finds no curator, a node that is behind or does not answer, or rescans that are not
complete, and 2 for an error.
`;

const commands: Record<string, (args: string[]) => Promise<number>> = { status: statusCommand, worker: workerCommand };

async function main([name = "", ...args]: string[]): Promise<number> {
  if ([name, ...args].some((arg) => arg === "--help" || arg === "-h")) {
    process.stdout.write(help);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError("the command is `status` or `worker`");
  return command(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`empreinte-cluster: ${reasonOf(error)}\n`);
  process.exitCode = 2;
}
