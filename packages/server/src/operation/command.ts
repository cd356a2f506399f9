/** The command: configuration, the first key, one process or several, signals. */
import cluster from "node:cluster";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { version } from "empreinte";
import { environmentName, type GivenFlags, loadConfig, reloadConfig } from "../config/load.js";
import { type Config, serverOptions } from "../config/options.js";
import { actingAs } from "../core/actor.js";
import { answerOf } from "../core/errors.js";
import { statePath, storePath } from "../core/paths.js";
import { readLocalKey, readSecret } from "../core/secrets.js";
import { State } from "../core/state.js";
import { Keys } from "../keys/keys.js";
import { parseRoles } from "../people/oidc.js";
import { People } from "../people/people.js";
import { readLabels } from "../review/labels.js";
import { ExchangeProgram } from "./exchange-program.js";

const usage = (): string => {
  const rows = Object.values(serverOptions).map(({ flag, type, default: fallback, help }) => {
    const name = type === "switch" ? `--${flag}, --no-${flag}` : `--${flag} ${type === "text" ? "TEXT" : "NUMBER"}`;
    const shown = fallback === "" ? "" : ` Default ${String(fallback)}.`;
    return `  ${name}\n      ${help}${shown}`;
  });
  return `Usage: empreinte-server --data FOLDER [options]

Serves a store of known hashes over HTTP: /v1, and the interface of HMA's clients.

  --config FILE
      A JSON object of options, with their names in camel case, such as {"maxImageBytes": 1000000}.
  --check-config
      Check the configuration, print it and exit.
  --new-key SCOPES
      Make a key with these scopes, print it and exit. Separate scopes by commas: hash,match:BANK.
  --key-label TEXT
      The purpose of the new key.
  --new-person NAME
      Make an account for the review page, print its password once and exit. --person-scopes lists its scopes, separated by
      commas. Default review,match; the dashboard needs metrics.
  --end-person NAME
      Remove an account and its sessions.
  --help, --version

${rows.join("\n")}

Each option is also a variable, such as ${environmentName("max-image-bytes")}. Flags override variables, which override
the file.
`;
};

const own = {
  config: { type: "string" },
  "check-config": { type: "boolean" },
  "new-key": { type: "string" },
  "key-label": { type: "string" },
  "new-person": { type: "string" },
  "person-scopes": { type: "string" },
  "end-person": { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

function parseFlags(args: readonly string[]): GivenFlags {
  const flags = Object.values(serverOptions).map(({ flag, type }) => {
    return [flag, { type: type === "switch" ? ("boolean" as const) : ("string" as const) }] as const;
  });
  const options: ParseArgsConfig["options"] = { ...own, ...Object.fromEntries(flags) };
  return parseArgs({ args: [...args], options, allowNegative: true, strict: true }).values as GivenFlags;
}

// The service itself is loaded when it is needed: an answer about the configuration comes in half of the time.

async function prepareData(folder: string): Promise<void> {
  const service = await import("../core/service.js");
  await service.prepareData(folder);
}

async function runWorkers(config: Config, read: () => Config): Promise<number> {
  const workers = await import("./cluster.js");
  return workers.runWorkers(config, read);
}

/** Makes the store at the first start, and prints the first key once. */
async function firstStart(config: Config): Promise<void> {
  await actingAs("first start", () => prepareData(config.data));
  if (config.open) return;
  const state = State.open(statePath(config.data));
  try {
    const keys = new Keys(state, Date.now);
    if (keys.count > 0) return;
    const { key } = keys.create("first start", { label: "the first key", scopes: ["admin"] });
    process.stderr.write(`The first API key, which is shown only now:\n${key}\n`);
  } finally {
    state.close();
  }
}

/** Runs `work` on the state of a data folder, while a server may run there. */
async function withState(config: Config, work: (state: State) => Promise<void> | void): Promise<number> {
  await prepareData(config.data);
  const state = State.open(statePath(config.data));
  try {
    await work(state);
    return 0;
  } finally {
    state.close();
  }
}

const scopesOf = (text: string): string[] => text.split(",").map((scope) => scope.trim());
const textOf = (flag: string | boolean | undefined): string | undefined =>
  typeof flag === "string" ? flag : undefined;

/** Makes a key or an account, or ends one. Returns the exit status; undefined if no flag asks for it. */
async function administer(config: Config, flags: GivenFlags): Promise<number | undefined> {
  const by = "the command";
  const [scopes, name, ended] = [textOf(flags["new-key"]), textOf(flags["new-person"]), textOf(flags["end-person"])];
  const people = (state: State): People => {
    const keys = new Keys(state, Date.now);
    return new People(state, Date.now, (...given) => keys.record(...given));
  };
  if (scopes !== undefined) {
    return withState(config, (state) => {
      const label = textOf(flags["key-label"]) ?? "made by the command";
      const { key } = new Keys(state, Date.now).create(by, { label, scopes: scopesOf(scopes) });
      process.stdout.write(`${key}\n`);
    });
  }
  if (name !== undefined) {
    return withState(config, async (state) => {
      const allowed = scopesOf(textOf(flags["person-scopes"]) ?? "review,match");
      process.stdout.write(`${await people(state).create(by, name, allowed)}\n`);
    });
  }
  if (ended === undefined) return undefined;
  return withState(config, (state) => people(state).end(by, ended));
}

/** Serves until SIGTERM or SIGINT. SIGHUP reads the configuration again. */
async function serve(config: Config, read: () => Config): Promise<number> {
  const { startServer } = await import("./start.js");
  const server = await startServer(config);
  process.stderr.write(`empreinte-server ${version} listens on ${server.url}\n`);
  process.on("SIGHUP", () => {
    try {
      const waiting = reloadConfig(server.config, read());
      const rest = waiting.length === 0 ? "" : ` These need a new start: ${waiting.join(", ")}.`;
      process.stderr.write(`The configuration was read again.${rest}\n`);
    } catch (error) {
      process.stderr.write(`The configuration stays as it was: ${answerOf(error).message}\n`);
    }
  });
  await new Promise<void>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve());
  });
  await server.close();
  return 0;
}

/** Runs the command and returns its exit status: 0, 1 for a fault, 2 for wrong use. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let flags: GivenFlags;
  try {
    flags = parseFlags(args);
  } catch (error) {
    process.stderr.write(`empreinte-server: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  if (flags["help"] === true) {
    process.stdout.write(usage());
    return 0;
  }
  if (flags["version"] === true) {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const file = flags["config"];
  const read = (): Config => loadConfig(flags, process.env, typeof file === "string" ? file : undefined);
  try {
    const config = read();
    if (config.localKeyFile !== "") readLocalKey(config.localKeyFile).fill(0);
    if (config.review) {
      readLabels(config.reviewSchemes);
      parseRoles(config.oidcRoles);
      if (config.oidcSecretFile !== "") readSecret("oidcSecretFile", config.oidcSecretFile);
      if (config.reviewMediaTokenFile !== "") readSecret("reviewMediaTokenFile", config.reviewMediaTokenFile);
    }
    if (flags["check-config"] === true) {
      process.stdout.write(`${JSON.stringify(config, undefined, 2)}\n`);
      return 0;
    }
    const administered = await administer(config, flags);
    if (administered !== undefined) return administered;
    await firstStart(config);
    const run = (): Promise<number> => (config.workers > 1 ? runWorkers(config, read) : serve(config, read));
    // Of several processes, only the first has the program beside it.
    if (!config.exchange || cluster.isWorker) return await run();
    const exchange = ExchangeProgram.start(storePath(config.data));
    try {
      return await run();
    } finally {
      await exchange.end(config.drainSeconds);
    }
  } catch (error) {
    const { status, message } = answerOf(error);
    const text = status === 500 && error instanceof Error ? error.message : message;
    process.stderr.write(`empreinte-server: ${text}\n`);
    return status === 400 ? 2 : 1;
  }
}
