#!/usr/bin/env node
/** The command `empreinte-cluster`. */
import { parseArgs } from "node:util";
import { setTimeout } from "node:timers/promises";
import { reasonOf } from "./errors.js";
import { clusterStatus, statusText } from "./status.js";

const help = `Usage: empreinte-cluster status --store NAME [--servers URL,URL] [--json] [--watch SECONDS]

Prints the revision, the curator and the nodes of a cluster, as NATS has them.

  --store NAME       the name of the store
  --servers URLS     the servers of NATS, with commas (default: 127.0.0.1:4222)
  --ca, --cert, --key FILE   certificates for TLS
  --json             print JSON, one line for each status
  --watch SECONDS    print again and again
  -h, --help         print this

The exit status is 0, 1 where there is no curator or a node is behind or does not answer, and 2 for an error.
`;

const options = {
  store: { type: "string" },
  servers: { type: "string", default: "127.0.0.1:4222" },
  ca: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
  json: { type: "boolean", default: false },
  watch: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** A mistake in the arguments. */
class UsageError extends Error {}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals.length !== 1 || positionals[0] !== "status") throw new UsageError("the command is `status`");
  const { store, servers, ca, cert, key } = values;
  if (store === undefined) throw new UsageError("--store is missing");
  const seconds = values.watch === undefined ? undefined : Number(values.watch);
  if (seconds !== undefined && !(seconds > 0)) throw new UsageError("--watch takes seconds");
  const files = { ...(ca && { caFile: ca }), ...(cert && { certFile: cert }), ...(key && { keyFile: key }) };
  const tls = Object.keys(files).length > 0 ? { tls: files } : {};
  for (;;) {
    const status = await clusterStatus({ store, nats: { servers: servers.split(","), ...tls } });
    process.stdout.write(`${values.json ? JSON.stringify(status) : statusText(status)}\n`);
    if (seconds === undefined) {
      const isWell = status.curator !== undefined && status.nodes.every(({ lag, answering }) => lag === 0 && answering);
      return isWell ? 0 : 1;
    }
    await setTimeout(1000 * seconds);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`empreinte-cluster: ${reasonOf(error)}\n`);
  process.exitCode = 2;
}
