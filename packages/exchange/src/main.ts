#!/usr/bin/env node
/** The program `empreinte-exchange`, which `empreinte exchange` runs. */
import { exchangeCommand } from "./commands/exchange.js";

const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
// A program that runs this one may be killed, also while this one is loaded. Then nobody would end this one.
process.once("disconnect", () => stop.abort());
if (process.connected === false) stop.abort();
process.channel?.unref();
process.exitCode = await exchangeCommand(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  warn: (text) => process.stderr.write(text),
  stop: stop.signal,
});
