/** The kinds of sources: what each needs, and how its client is made. */
import { stat } from "node:fs/promises";
import type { Environment } from "../environment.js";
import { invalid } from "../errors.js";
import { HttpClient } from "../http/http-client.js";
import { readSecret } from "../secrets.js";
import type { ExchangeClient } from "./client.js";
import { EmpreinteServer } from "./empreinte.js";
import { ListAddress, ListFolder } from "./list-files.js";
import { Ncmec, ncmecEnvironments } from "./ncmec.js";
import { StopNcii } from "./stopncii.js";
import { TechAgainstTerrorism } from "./tech-against-terrorism.js";
import { ThreatExchange } from "./threat-exchange.js";

/** The kinds of sources that can be added. */
export const sourceKinds = [
  "stopncii",
  "ncmec",
  "threatexchange",
  "tech-against-terrorism",
  "empreinte",
  "lists",
] as const;
export type SourceKind = (typeof sourceKinds)[number];

export interface KindInfo {
  /** The address, where there is one for all. */
  base?: string;
  /** The names of its secrets; those that end in "?" may be left out. */
  secrets: readonly string[];
  /** The names of its other options. */
  options: readonly string[];
  /** How often it is fetched, in seconds. */
  intervalSeconds: number;
}

export const kinds: Readonly<Record<SourceKind, KindInfo>> = {
  stopncii: {
    base: "https://api.stopncii.org/v1",
    secrets: ["functions-key", "subscription-key", "feedback-key?", "submit-key?"],
    options: ["page-size"],
    intervalSeconds: 900,
  },
  ncmec: {
    secrets: ["user", "password"],
    options: ["environment", "negative-reason"],
    intervalSeconds: 1800,
  },
  threatexchange: {
    base: "https://graph.facebook.com/v21.0",
    secrets: ["token"],
    options: ["group", "token-in", "share-level", "tags"],
    intervalSeconds: 900,
  },
  "tech-against-terrorism": {
    base: "https://app.terrorismanalytics.org/",
    secrets: ["user", "password"],
    options: ["list"],
    intervalSeconds: 3600,
  },
  empreinte: { secrets: ["key"], options: ["bank", "source"], intervalSeconds: 300 },
  lists: { secrets: ["authorization?"], options: [], intervalSeconds: 3600 },
};

/** How far ThreatExchange's members may share what they get. */
const shareLevels = ["WHITE", "GREEN", "AMBER", "RED"];

/** The most bytes of a page that is parsed at once. */
const mostPageBytes = 2 ** 27;

/** What a client is made of. */
export interface ClientSettings {
  kind: SourceKind;
  /** The address, or the folder of `lists`. */
  base?: string;
  /** The place of each secret, by its name. */
  secrets: Readonly<Record<string, string>>;
  options: Readonly<Record<string, string>>;
}

/** Returns the address of a source. @throws {ExchangeError} */
export function baseOf({ kind, base, options }: ClientSettings): string {
  const named = options["environment"];
  if (named !== undefined && !Object.hasOwn(ncmecEnvironments, named)) {
    throw invalid("environment", `one of ${Object.keys(ncmecEnvironments).join(", ")}`);
  }
  const address = base ?? kinds[kind].base ?? ncmecEnvironments[named as keyof typeof ncmecEnvironments];
  if (address === undefined) throw invalid(kind === "ncmec" ? "environment" : "base", "an address");
  return address;
}

/**
 * Makes the client of a source. It reads the secrets now, so that a changed one needs no restart.
 * @throws {ExchangeError}
 */
export async function openClient(settings: ClientSettings, environment: Environment): Promise<ExchangeClient> {
  const { kind, secrets, options } = settings;
  const base = baseOf(settings);
  if (kind === "lists" && !/^https?:/.test(base)) {
    const there = await stat(base).catch(() => undefined);
    if (there?.isDirectory()) return new ListFolder(base);
    throw invalid("base", "a folder or an address that begins with https://");
  }
  const secret = (name: string): Promise<string> => readSecret(name, secrets[name] ?? "", environment);
  switch (kind) {
    case "stopncii": {
      const [functionsKey, subscriptionKey] = [await secret("functions-key"), await secret("subscription-key")];
      const optional = async (name: string): Promise<string | undefined> =>
        secrets[name] === undefined ? undefined : secret(name);
      const [feedbackKey, submitKey] = [await optional("feedback-key"), await optional("submit-key")];
      const size = options["page-size"];
      const pageSize = size === undefined ? {} : { pageSize: wholeNumber("page-size", size) };
      const http = new HttpClient({ base, environment });
      return new StopNcii({
        http,
        environment,
        functionsKey,
        subscriptionKey,
        ...pageSize,
        ...(feedbackKey !== undefined && { feedbackKey }),
        ...(submitKey !== undefined && { submitKey }),
      });
    }
    case "ncmec": {
      const [user, password] = [await secret("user"), await secret("password")];
      const negativeReason = options["negative-reason"];
      return new Ncmec({
        http: new HttpClient({ base, environment }),
        environment,
        user,
        password,
        ...(negativeReason !== undefined && { negativeReason }),
      });
    }
    case "threatexchange": {
      const { group, "token-in": tokenIn = "header" } = options;
      if (group === undefined) throw invalid("group", "the id of a privacy group");
      if (tokenIn !== "header" && tokenIn !== "query") throw invalid("token-in", "header or query");
      const { "share-level": shareLevel = "AMBER", tags } = options;
      if (!shareLevels.includes(shareLevel)) throw invalid("share-level", `one of ${shareLevels.join(", ")}`);
      const token = await secret("token");
      const http = new HttpClient({ base, environment });
      return new ThreatExchange({ http, token, group, tokenIn, shareLevel, ...(tags !== undefined && { tags }) });
    }
    case "tech-against-terrorism": {
      const [user, password] = [await secret("user"), await secret("password")];
      const { list } = options;
      const http = new HttpClient({ base, environment });
      return new TechAgainstTerrorism({
        http,
        user,
        password,
        ...(list !== undefined && { list }),
      });
    }
    case "empreinte": {
      const { bank, source } = options;
      if (bank === undefined) throw invalid("bank", "the name of a bank of that server");
      const http = new HttpClient({ base, environment, maxBytes: mostPageBytes });
      return new EmpreinteServer({ http, key: await secret("key"), bank, ...(source !== undefined && { source }) });
    }
    case "lists": {
      const { origin, pathname } = new URL(base);
      const authorization = secrets["authorization"] === undefined ? undefined : await secret("authorization");
      return new ListAddress(new HttpClient({ base: origin, environment }), pathname, authorization);
    }
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Number(text);
  throw invalid(name, "a number from 1 to 99999");
}
