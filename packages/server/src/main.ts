#!/usr/bin/env node
/** The command empreinte-server. */
import { runCommand } from "./operation/command.js";

process.exitCode = await runCommand(process.argv.slice(2));
