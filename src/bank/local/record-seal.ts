/**
 * Local records, sealed. A rough copy of an image can be made from its record, so that a store has records only sealed,
 * and the key is elsewhere.
 *
 *   offset  bytes
 *   0       1      version: 1
 *   1       16     salt
 *   17             the record, encrypted by AES-256-GCM
 *   end−16  16     the tag
 *
 * HKDF with SHA-256 makes a key for each record from the caller's key and the salt, so that the nonce can be zero. The
 * version, the salt and the number of the entry are authenticated: a record moved to another entry does not open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { BankError, EmpreinteError, printable } from "../../errors.js";
import { checkKey } from "../../local/file.js";
import { LocalRecord } from "../../local/record.js";

const version = 1;
const saltBytes = 16;
const headBytes = 1 + saltBytes;
const tagBytes = 16;
const cipherName = "aes-256-gcm";
const nonce = Buffer.alloc(12);

/** Seals and opens the records of one store with the operator's key. */
export class RecordSeal {
  readonly #key: Uint8Array;
  readonly #path: string;

  /** @param key 32 bytes, which are copied. @param path of the store, for errors. @throws {InvalidArgumentError} */
  constructor(key: unknown, path: string) {
    this.#key = checkKey(key, "localKey");
    this.#path = path;
  }

  /** Returns the sealed bytes of an entry's record. */
  seal(entry: number, record: LocalRecord): Buffer {
    const head = Buffer.concat([Buffer.of(version), randomBytes(saltBytes)]);
    const plain = record.toBytes();
    const key = this.#keyOf(head);
    const cipher = createCipheriv(cipherName, key, nonce);
    cipher.setAAD(boundTo(head, entry));
    const sealed = Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    plain.fill(0);
    key.fill(0);
    return sealed;
  }

  /**
   * Opens an entry's record.
   * @throws {BankError} `ERR_EMPREINTE_LOCAL_KEY`: the key is another one, or the bytes are damaged or another entry's.
   * @throws {EmpreinteError} `ERR_EMPREINTE_LOCAL_TABLE`: this version describes points otherwise.
   */
  open(entry: number, sealed: Buffer): LocalRecord {
    const plain = this.#decrypt(entry, sealed);
    try {
      return LocalRecord.from(plain);
    } catch (error) {
      if (!(error instanceof EmpreinteError)) throw error;
      throw new EmpreinteError(error.code, `${this.#named(entry)}: ${error.message}`, { cause: error });
    } finally {
      plain.fill(0);
    }
  }

  /** Checks that an entry's record opens. @throws {BankError} `ERR_EMPREINTE_LOCAL_KEY` */
  assertOpens(entry: number, sealed: Buffer): void {
    this.#decrypt(entry, sealed).fill(0);
  }

  /** Zeroes the key. Nothing can be sealed or opened afterwards. */
  wipe(): void {
    this.#key.fill(0);
  }

  #decrypt(entry: number, sealed: Buffer): Buffer {
    const named = this.#named(entry);
    if (sealed.length < headBytes + tagBytes || sealed[0] !== version) {
      throw new BankError(
        "ERR_EMPREINTE_LOCAL_KEY",
        `${named} is damaged, or was made by a newer version of empreinte`,
      );
    }
    const head = sealed.subarray(0, headBytes);
    const key = this.#keyOf(head);
    try {
      const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(boundTo(head, entry));
      decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
      const content = sealed.subarray(headBytes, sealed.length - tagBytes);
      return Buffer.concat([decipher.update(content), decipher.final()]);
    } catch (cause) {
      const text = `${named} does not open: the key is another one, or the record is damaged`;
      throw new BankError("ERR_EMPREINTE_LOCAL_KEY", text, { cause });
    } finally {
      key.fill(0);
    }
  }

  #keyOf(head: Buffer): Uint8Array {
    return new Uint8Array(hkdfSync("sha256", this.#key, head.subarray(1), "empreinte local record", this.#key.length));
  }

  #named(entry: number): string {
    return `${printable(this.#path)}: the local record of entry ${entry}`;
  }
}

/** What the tag covers besides the record. */
function boundTo(head: Buffer, entry: number): Buffer {
  const number = Buffer.alloc(8);
  number.writeDoubleLE(entry);
  return Buffer.concat([head, number]);
}
