/** Secrets: settings name where each one is, and never have it themselves. */
import { basename, join } from "node:path";
import { readSmallFileSync } from "empreinte";
import type { Environment } from "./environment.js";
import { ExchangeError, invalid, sentence } from "./errors.js";

const reference = /^(file|env|credential):(.+)$/s;

/** Checks where a secret is. A secret itself in its place is refused, without repeating it. @throws {ExchangeError} */
export function checkReference(name: string, value: string): string {
  if (reference.test(value)) return value;
  throw invalid(name, "file:PATH, env:NAME or credential:NAME, where the secret is,");
}

/**
 * Reads a secret.
 * @param where `file:PATH`, `env:NAME`, or `credential:NAME` for one that systemd has loaded (`LoadCredential=`).
 * @throws {ExchangeError} `ERR_EMPREINTE_EXCHANGE_SECRET`
 */
export async function readSecret(name: string, where: string, { variables }: Environment): Promise<string> {
  const [, kind, place] = reference.exec(checkReference(name, where))!;
  const text =
    kind === "env"
      ? variables[place!]
      : textOf(name, kind === "file" ? place! : credentialPath(name, place!, variables));
  const secret = text?.replace(/\r?\n$/, "");
  if (secret !== undefined && secret !== "" && !/[\r\n\0]/.test(secret)) return secret;
  throw new ExchangeError(
    "ERR_EMPREINTE_EXCHANGE_SECRET",
    `The secret ${name} is not at ${kind}:${place}, or is not one line`,
  );
}

function textOf(name: string, path: string): string {
  try {
    return readSmallFileSync(path).toString("utf8");
  } catch (error) {
    const text = `The secret ${name} cannot be read: ${sentence(error)}`;
    throw new ExchangeError("ERR_EMPREINTE_EXCHANGE_SECRET", text, { cause: error });
  }
}

function credentialPath(name: string, credential: string, variables: Environment["variables"]): string {
  const folder = variables["CREDENTIALS_DIRECTORY"];
  if (folder !== undefined && basename(credential) === credential) return join(folder, credential);
  throw new ExchangeError("ERR_EMPREINTE_EXCHANGE_SECRET", `The secret ${name}: systemd has loaded no credentials`);
}
