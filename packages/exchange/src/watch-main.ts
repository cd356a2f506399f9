#!/usr/bin/env node
/** The program `empreinte-watch`, which `empreinte watch` runs. */
import { watchCommand } from "./commands/watch.js";

const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
process.exitCode = await watchCommand(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  warn: (text) => process.stderr.write(text),
  stop: stop.signal,
});
