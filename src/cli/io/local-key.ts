import { join } from "node:path";
import { readSmallFileSync } from "../../index.js";
import { UsageError } from "../table/parse.js";
import { credential, variable } from "./local-key-option.js";
import { shownPath } from "./names.js";

const keyBytes = 32;

/** Returns the key that a text or 32 bytes are. @throws {UsageError}, which says nothing of the key. */
function keyOf(bytes: Buffer, where: string): Uint8Array {
  if (bytes.length === keyBytes) return Uint8Array.from(bytes);
  const text = bytes.toString("latin1").trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Uint8Array.from(Buffer.from(text, "hex"));
  throw new UsageError(`Expected 64 hex digits or 32 bytes as the key of local records in ${where}`);
}

function keyIn(path: string, where: string): Uint8Array {
  const bytes = readSmallFileSync(path);
  try {
    return keyOf(bytes, where);
  } finally {
    bytes.fill(0);
  }
}

/**
 * Reads the key of local records: from the file, or else from the variable, or else from the systemd credential.
 * Returns undefined where there is none.
 * @throws {UsageError} for what is no key. {EmpreinteError} for a file that cannot be read.
 */
export function readLocalKey(
  file: string | undefined,
  variables: NodeJS.ProcessEnv = process.env,
): Uint8Array | undefined {
  if (file !== undefined) return keyIn(file, shownPath(file));
  const text = variables[variable];
  if (text !== undefined && text !== "") return keyOf(Buffer.from(text), `the variable ${variable}`);
  const credentials = variables["CREDENTIALS_DIRECTORY"];
  if (credentials === undefined) return undefined;
  try {
    return keyIn(join(credentials, credential), `the systemd credential ${credential}`);
  } catch (error) {
    // systemd has loaded others only.
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return cause?.code === "ENOENT";
}
