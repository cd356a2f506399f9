/** Credentials at rest: sealed with a key that is in a file of its own, which no backup has. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSmallFileSync } from "empreinte";

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Reads a secret that the configuration names.
 * @param what it is, for the log.
 * @throws {Error} naming the file. To a client that is a fault of the service, whose text only the log has.
 */
export function readSecret(what: string, path: string): string {
  try {
    return readSmallFileSync(path).toString("utf8").trim();
  } catch (error) {
    throw new Error(`The ${what} ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
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
