#!/usr/bin/env node
/** The program `empreinte-exchange`, which `empreinte exchange` runs. */
import { exchangeCommand } from "./commands/exchange.js";

const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
process.exitCode = await exchangeCommand(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  warn: (text) => process.stderr.write(text),
  stop: stop.signal,
});
