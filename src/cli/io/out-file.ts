import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EmpreinteError } from "../../index.js";
import { shownPath } from "./names.js";

/** A failure of the disk, by the name of the file. */
async function written<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", `${shownPath(path)} cannot be written: ${why}`, { cause });
  }
}

/** A file of mode 0600 that is there whole or not at all: written beside its place, and renamed when all is there. */
export class OutFile {
  readonly #path: string;
  readonly #beside: string;
  #file: FileHandle | undefined;

  private constructor(path: string, beside: string, file: FileHandle) {
    this.#path = path;
    this.#beside = beside;
    this.#file = file;
  }

  /** @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`, as all that follows. */
  static async open(path: string): Promise<OutFile> {
    const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
    return new OutFile(path, beside, await written(path, open(beside, "wx", 0o600)));
  }

  async write(text: string): Promise<void> {
    await written(this.#path, this.#file!.writeFile(text));
  }

  async done(): Promise<void> {
    await written(this.#path, this.#file!.sync());
    await written(this.#path, this.#file!.close());
    await written(this.#path, rename(this.#beside, this.#path));
    this.#file = undefined;
  }

  /** Unless it is done: what is there is not the whole. */
  async drop(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close().catch(() => undefined);
    await rm(this.#beside, { force: true });
    this.#file = undefined;
  }
}
