/**
 * The file of a store: its one path, and whether that path still leads to it.
 *
 * A store's index file and its lock are found by the store's path. The path is therefore made absolute and free of
 * symbolic links once, when the store is opened: changing the working directory afterwards changes nothing, and a link
 * that leads to another file afterwards is an error. A file with a second name (a hard link) is refused, because each
 * name would have an index file of its own.
 */
import { accessSync, closeSync, constants, openSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { BankError, EmpreinteError, printable, systemReason, unwritable } from "../../errors.js";
import { checkFileSync } from "../../files/open-file.js";

/** The file of one open store. */
export class StoreFile {
  /** The absolute path, without symbolic links. */
  readonly path: string;
  /** The absolute path as it was given, through links if it has any. */
  readonly #given: string;
  readonly #device: bigint;
  readonly #inode: bigint;

  /**
   * Finds the file, or makes it with mode 0600, which libsql would not.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_WRITE`
   * @throws {BankError} `ERR_EMPREINTE_DUPLICATE_NAME`; `ERR_EMPREINTE_BANK_FILE` for a file with two names.
   */
  constructor(path: string, create: boolean) {
    const given = resolve(path);
    this.#given = given;
    if (create) makeFile(given);
    try {
      this.path = realpathSync.native(given);
      const { dev, ino, nlink } = fileAt(this.path);
      if (nlink > 1n) {
        const text = `${printable(this.path)} has ${nlink} names (hard links). A store needs a file with one name`;
        throw new BankError("ERR_EMPREINTE_BANK_FILE", text);
      }
      [this.#device, this.#inode] = [dev, ino];
      // SQLite opens a file that it may only read, and fails at the first change.
      for (const needed of [this.path, dirname(this.path)]) assertWritable(needed);
    } catch (error) {
      if (error instanceof EmpreinteError) throw error;
      const text = `${printable(given)} cannot be opened: ${systemReason(error)}`;
      throw new EmpreinteError("ERR_EMPREINTE_READ", text, { cause: error });
    }
  }

  /**
   * Checks that the path still leads to the file that was opened, and the links by which it was opened as well. Another
   * process would otherwise read another file than this one writes, and match what was withdrawn here. A link that was
   * removed leads nobody to another file.
   * @throws {BankError} `ERR_EMPREINTE_BANK_FILE`
   */
  assertInPlace(): void {
    const there = statSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (there?.ino === this.#inode && there.dev === this.#device) return this.#assertLinks();
    const what = there === undefined ? "was deleted or renamed" : "was replaced by another file";
    const text = `${printable(this.path)} ${what} while it was open. Close the store and open it again`;
    throw new BankError("ERR_EMPREINTE_BANK_FILE", text);
  }

  #assertLinks(): void {
    if (this.#given === this.path) return;
    const there = statSync(this.#given, { bigint: true, throwIfNoEntry: false });
    if (there === undefined || (there.ino === this.#inode && there.dev === this.#device)) return;
    const text = `${printable(this.#given)} leads to another file since it was opened. Close the store and open it again`;
    throw new BankError("ERR_EMPREINTE_BANK_FILE", text);
  }
}

function fileAt(path: string): { dev: bigint; ino: bigint; nlink: bigint } {
  const info = statSync(path, { bigint: true });
  if (info.isFile()) checkFileSync(path);
  else throw new EmpreinteError("ERR_EMPREINTE_READ", `${printable(path)} is not a file`);
  return info;
}

function assertWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function makeFile(path: string): void {
  const name = printable(path);
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
      const there = statSync(path, { throwIfNoEntry: false });
      if (there?.isFile() === false) throw new EmpreinteError("ERR_EMPREINTE_READ", `${name} is not a file`);
      throw new BankError("ERR_EMPREINTE_DUPLICATE_NAME", `${name} already exists`);
    }
    throw unwritable(path, cause);
  }
}
