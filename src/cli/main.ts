#!/usr/bin/env node
import { main } from "./command-line.js";
import { findExternal, runExternal } from "./external.js";
import { Session, status } from "./io/session.js";

const args = process.argv.slice(2);
const external = await findExternal(args[0]);
if (external !== undefined) process.exit(await runExternal(external, args.slice(1)));

const session = new Session(process);
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // The second Ctrl-C does not wait for anything.
    if (session.interrupted) process.exit(status.interrupted);
    session.interrupt();
  });
}
process.exit(await main(args, session));
