import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "../../files/atomic-file.js";
import { checkReplaceable } from "../../files/open-file.js";
import { EmpreinteError } from "../../index.js";
import { shownPath } from "./names.js";

/** The names of what the shell has opened. A file would take the place of such a link. */
const opened = /^\/(?:dev\/(?:fd\/\d+|stdin|stdout|stderr)|proc\/self\/fd\/\d+)$/;

/** Names the file in a failure of the disk. */
async function written<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const { code, syscall, message } = cause as NodeJS.ErrnoException;
    const why = syscall === undefined ? message : code;
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", `${shownPath(path)} cannot be written: ${why}`, { cause });
  }
}

async function checkOutput(path: string): Promise<void> {
  if (opened.test(path)) throw new Error("write - for standard output");
  checkReplaceable(path);
}

/**
 * A file of mode 0600 that appears whole or not at all: it is written under another name, and renamed when it is
 * complete.
 */
export class OutFile {
  readonly #path: string;
  readonly #draft: string;
  #file: FileHandle | undefined;

  private constructor(path: string, draft: string, file: FileHandle) {
    this.#path = path;
    this.#draft = draft;
    this.#file = file;
  }

  /** @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`, as the other methods do. */
  static async open(path: string): Promise<OutFile> {
    await written(path, checkOutput(path));
    const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
    return new OutFile(path, draft, await written(path, open(draft, "wx", 0o600)));
  }

  async write(text: string): Promise<void> {
    await written(this.#path, this.#file!.writeFile(text));
  }

  async done(): Promise<void> {
    await written(this.#path, this.#file!.sync());
    await written(this.#path, this.#file!.close());
    await written(this.#path, rename(this.#draft, this.#path));
    await written(this.#path, syncFolder(dirname(this.#path)));
    this.#file = undefined;
  }

  /** Removes what was written, unless `done` has given it its name. */
  async drop(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close().catch(() => undefined);
    await rm(this.#draft, { force: true });
    this.#file = undefined;
  }
}
