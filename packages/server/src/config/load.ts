/**
 * Reads the configuration: flags before the environment, the environment before the file, the file before the defaults.
 */
import { isIP } from "node:net";
import { readSmallFileSync } from "empreinte";
import { ServiceError } from "../core/errors.js";
import { type Config, serverOptions } from "./options.js";

/** What flags give: texts, or true for a switch. */
export type GivenFlags = Record<string, string | boolean | undefined>;

const keys = Object.keys(serverOptions) as (keyof Config)[];

const refusal = (text: string): ServiceError => new ServiceError(400, "ERR_EMPREINTE_CONFIG", text);

export const environmentName = (flag: string): string => `EMPREINTE_SERVER_${flag.toUpperCase().replaceAll("-", "_")}`;

/** The address at which the service listens. */
export type Address = { path: string } | { host: string; port: number };

/** Reads "HOST:PORT", "[IPv6]:PORT" or "unix:PATH". @throws {ServiceError} */
export function parseListen(listen: string): Address {
  if (listen.startsWith("unix:") && listen.length > 5) return { path: listen.slice(5) };
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(listen);
  const port = Number(found?.[3]);
  if (found === null || port > 65_535) {
    throw refusal(`listen must be HOST:PORT, [IPv6]:PORT or unix:PATH, not ${JSON.stringify(listen)}`);
  }
  return { host: found[1] ?? found[2]!, port };
}

/** Whether only this machine can reach an address. */
export function isLocal(address: Address): boolean {
  if ("path" in address) return true;
  const { host } = address;
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

function readSwitch(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw refusal(`${name} must be true or false, not ${JSON.stringify(value)}`);
}

function readNumber(name: string, value: unknown, limits: { least: number; most: number; fractions?: true }): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  const fits = typeof number === "number" && number >= limits.least && number <= limits.most;
  if (!fits || (limits.fractions !== true && !Number.isInteger(number))) {
    const kind = limits.fractions === true ? "a number" : "a whole number";
    throw refusal(`${name} must be ${kind} of ${limits.least} to ${limits.most}, not ${JSON.stringify(value)}`);
  }
  return number;
}

function readValue(key: keyof Config, name: string, value: unknown): string | number | boolean {
  const option = serverOptions[key];
  if (option.type === "switch") return readSwitch(name, value);
  if (option.type === "number") return readNumber(name, value, option);
  if (typeof value !== "string") throw refusal(`${name} must be text, not ${JSON.stringify(value)}`);
  if (option.oneOf !== undefined && !option.oneOf.includes(value)) {
    throw refusal(`${name} must be one of ${option.oneOf.join(", ")}, not ${JSON.stringify(value)}`);
  }
  return value;
}

/**
 * Reads a text file that the configuration names.
 * @param what it is, for the error.
 * @throws {ServiceError} `ERR_EMPREINTE_CONFIG`, naming the file
 */
export function textOf(what: string, path: string): string {
  try {
    return readSmallFileSync(path).toString("utf8");
  } catch (error) {
    throw refusal(`The ${what} ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Reads the file: a JSON object whose names are those of the options. @throws {ServiceError} */
function readFile(path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(textOf("configuration", path));
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw refusal(
      `The configuration ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw refusal(`The configuration ${path} must be a JSON object`);
  }
  const unknown = Object.keys(parsed).filter((name) => !Object.hasOwn(serverOptions, name));
  if (unknown.length > 0) throw refusal(`The configuration ${path} has no option ${unknown.join(", ")}`);
  return { ...parsed };
}

/** Checks the options of the review page and of signing in. */
function checkReview(config: Config, local: boolean): void {
  const { publicUrl, review, reviewMedia, reviewMediaUrl, workers, oidcIssuer, oidcClientId } = config;
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (publicUrl !== "" && (url?.pathname !== "/" || url.search !== "" || !["http:", "https:"].includes(url.protocol))) {
    throw refusal(`publicUrl must be an address without a path, such as https://hashes.example.org, not ${publicUrl}`);
  }
  if (!review) return;
  if (!local && url?.protocol !== "https:") {
    throw refusal("review needs a publicUrl with https, or a listen that only this machine can reach");
  }
  if (reviewMedia === "callback" && !(URL.canParse(reviewMediaUrl) && reviewMediaUrl.includes("{reference}"))) {
    throw refusal("reviewMedia callback needs a reviewMediaUrl with {reference} in it");
  }
  if (reviewMedia === "memory" && workers > 1) {
    throw refusal("reviewMedia memory needs one worker: only the process that has an image can show it");
  }
  if (oidcIssuer !== "" && (publicUrl === "" || oidcClientId === "" || !URL.canParse(oidcIssuer))) {
    throw refusal("oidcIssuer must be an address, and needs publicUrl and oidcClientId");
  }
}

/** Checks what needs more than one option. */
function checkTogether(config: Config): void {
  if (config.data === "") throw refusal("data must name a folder (--data FOLDER)");
  const address = parseListen(config.listen);
  checkReview(config, isLocal(address));
  if (config.open && !isLocal(address)) {
    throw refusal(`open disables keys, so listen must be a loopback address or a Unix socket, not ${config.listen}`);
  }
}

/**
 * Reads and checks the configuration.
 * @throws {ServiceError} `ERR_EMPREINTE_CONFIG`, which names the option and where it was set.
 */
export function loadConfig(flags: GivenFlags, environment: NodeJS.ProcessEnv, file?: string): Config {
  const fromFile = file === undefined ? {} : readFile(file);
  const read = (key: keyof Config): string | number | boolean => {
    const { flag, default: fallback } = serverOptions[key];
    const given = flags[flag];
    if (given !== undefined) return readValue(key, `--${flag}`, given);
    const variable = environment[environmentName(flag)];
    if (variable !== undefined) return readValue(key, environmentName(flag), variable);
    if (Object.hasOwn(fromFile, key)) return readValue(key, `${key} in ${file}`, fromFile[key]);
    return fallback;
  };
  const config = completeConfig(Object.fromEntries(keys.map((key) => [key, read(key)])));
  checkTogether(config);
  return config;
}

/** Completes a part of a configuration with the defaults. */
export function completeConfig(part: Partial<Config>): Config {
  const defaults = Object.fromEntries(keys.map((key) => [key, serverOptions[key].default]));
  return Object.assign(defaults, part) as unknown as Config;
}

/** Takes over the options that a running process can change. Returns the names of those that need a new start. */
export function reloadConfig(running: Config, fresh: Config): string[] {
  const changed = keys.filter((key) => running[key] !== fresh[key]);
  const live = changed.filter((key) => serverOptions[key].reload === true);
  Object.assign(running, Object.fromEntries(live.map((key) => [key, fresh[key]])));
  return changed.filter((key) => !live.includes(key));
}
