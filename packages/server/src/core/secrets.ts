/** Credentials at rest: sealed with a key that is in a file of its own, which no backup has. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSmallFileSync } from "empreinte";

const nonceBytes = 12;
const tagBytes = 16;
const localKeyBytes = 32;

/**
 * Reads a secret that the configuration names.
 * @param what it is, for the log.
 * @throws {Error} naming the file. To a client that is a fault of the service, whose text only the log has.
 */
export function readSecret(what: string, path: string): string {
  return fileBytes(what, path).toString("utf8").trim();
}

function fileBytes(what: string, path: string): Buffer {
  try {
    return readSmallFileSync(path);
  } catch (error) {
    throw new Error(`The ${what} ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * Reads the key of the store's local records: 32 bytes, or 64 hex digits.
 * @throws {Error} naming the file.
 */
export function readLocalKey(path: string): Uint8Array {
  const bytes = fileBytes("localKeyFile", path);
  if (bytes.length === localKeyBytes) return bytes;
  const text = bytes.toString("latin1").trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  throw new Error(`The localKeyFile ${JSON.stringify(path)} has no key: expected 32 bytes or 64 hex digits`);
}

/** Seals and opens credentials. */
export class Secrets {
  readonly #path: string;

  /** @param data the data folder. */
  constructor(data: string) {
    this.#path = join(data, "secret.key");
  }

  #key(): Buffer {
    try {
      writeFileSync(this.#path, randomBytes(32), { mode: 0o600, flag: "wx" });
    } catch (error) {
      const there = error instanceof Error && "code" in error && error.code === "EEXIST";
      if (!there) throw error;
    }
    return readSmallFileSync(this.#path);
  }

  /** @param name of what is sealed. It opens under this name alone. */
  seal(name: string, text: string): Buffer {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key(), nonce).setAAD(Buffer.from(name));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws where the seal is broken, or the key is another one. */
  open(name: string, sealed: Buffer): string {
    const nonce = sealed.subarray(0, nonceBytes);
    const tag = sealed.subarray(nonceBytes, nonceBytes + tagBytes);
    const decipher = createDecipheriv("aes-256-gcm", this.#key(), nonce).setAAD(Buffer.from(name)).setAuthTag(tag);
    const text = [decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()];
    return Buffer.concat(text).toString("utf8");
  }
}
