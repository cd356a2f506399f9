/** A folder of list files, or one list at an address: whatever is there is all that the source has. */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HttpClient } from "../http/http-client.js";
import { badPage } from "../errors.js";
import type { ExchangeClient, ExchangePage, PageEnd, PageOptions, Position } from "./client.js";
import { openListPage } from "./list-page.js";

async function* none(): AsyncGenerator<never> {
  // Nothing is new.
}
const unchanged = (position: Position): ExchangePage => {
  return {
    entries: none(),
    end: () => ({ position, done: true, unchanged: true }),
  };
};

interface Place {
  /** What the folder was when its first file was read. */
  fingerprint: string;
  /** The name of the file that was read last. */
  after: string;
}

/** Each file of a folder is a page. It is read only where a name, size or time has changed. */
export class ListFolder implements ExchangeClient {
  readonly name = "the folder";
  readonly resumeSeconds: number = 12 * 3600;
  readonly staleDays = undefined;
  readonly wholeLists = true;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async page({ checkpoint, resume }: Position, { signal, note }: PageOptions): Promise<ExchangePage> {
    const files = await this.#files(note);
    const now = fingerprintOf(files);
    const before = resume === undefined ? undefined : (JSON.parse(resume) as Place);
    if (before === undefined && now === checkpoint) return unchanged({ checkpoint });
    const { fingerprint, after } = before ?? { fingerprint: now, after: "" };
    const left = files.filter(({ name }) => name > after);
    const [file] = left;
    if (file === undefined) {
      return {
        entries: none(),
        end: () => ({ position: { checkpoint: fingerprint }, done: true }),
      };
    }
    const exchange = `the file ${file.name}`;
    const { entries } = await openListPage(join(this.#path, file.name), {
      exchange,
      note,
      ...(signal && { signal }),
    });
    const end = (): PageEnd => {
      if (left.length === 1) return { position: { checkpoint: fingerprint }, done: true };
      const place: Place = { fingerprint, after: file.name };
      return { position: { resume: JSON.stringify(place) }, done: false };
    };
    return { entries, end };
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  /**
   * Returns the files, also those behind links. Of what cannot be read as one the entries would end, so that it is
   * refused.
   */
  async #files(note: PageOptions["note"]): Promise<{ name: string; size: number; time: number }[]> {
    const there = await readdir(this.#path).catch((error: NodeJS.ErrnoException) => {
      throw badPage(this.name, `it cannot be read: ${error.code ?? "unknown"}`);
    });
    const files = [];
    for (const name of there.filter((one) => !one.startsWith(".")).sort()) {
      const about = await stat(join(this.#path, name)).catch((error: NodeJS.ErrnoException) => {
        throw badPage(this.name, `${JSON.stringify(name)} in it cannot be read: ${error.code ?? "unknown"}`);
      });
      if (about.isDirectory()) {
        note({ kind: "folder", reason: `the folder ${JSON.stringify(name)} in it was not read` });
      } else if (about.isFile()) files.push({ name, size: about.size, time: about.mtimeMs });
      else throw badPage(this.name, `${JSON.stringify(name)} in it is no file`);
    }
    return files;
  }
}

function fingerprintOf(files: readonly object[]): string {
  return createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 32);
}

/** A list at an address that an operator has named. It is fetched only where it has changed. */
export class ListAddress implements ExchangeClient {
  readonly name = "the list";
  readonly resumeSeconds = 0;
  readonly staleDays = undefined;
  readonly wholeLists = true;
  readonly #http: HttpClient;
  readonly #path: string;
  readonly #authorization: string | undefined;

  /** @param authorization the header, where the server wants one. */
  constructor(http: HttpClient, path: string, authorization?: string) {
    this.#http = http;
    this.#path = path;
    this.#authorization = authorization;
  }

  async page({ checkpoint }: Position, { signal, note }: PageOptions): Promise<ExchangePage> {
    const headers = {
      ...(this.#authorization !== undefined && {
        authorization: this.#authorization,
      }),
      ...(checkpoint !== undefined && { "if-none-match": checkpoint }),
    };
    const response = await this.#http.send({
      path: this.#path,
      headers,
      accept: [304],
      ...(signal && { signal }),
    });
    if (response.status === 304) {
      response.discard();
      return unchanged(checkpoint === undefined ? {} : { checkpoint });
    }
    const tag = response.headers["etag"];
    const { entries } = await openListPage(response.body, {
      exchange: this.name,
      note,
      ...(signal && { signal }),
    });
    return {
      entries,
      end: () => ({
        position: { ...(tag && { checkpoint: tag }) },
        done: true,
      }),
    };
  }

  async close(): Promise<void> {
    await this.#http.close();
  }
}
