import { availableParallelism } from "node:os";
import type { BankStore } from "../../../doors/bank.js";
import { type LocalRecord, registerLocal } from "../../../doors/local.js";
import { hardenDecoder, hashImage, type ImageHash, tuneProcess } from "../../../index.js";
import { counted } from "../../io/counted.js";
import { defined } from "../../io/defined.js";
import { eachImage, endStatus, imageLimitsOf } from "../../io/each-file.js";
import type { LimitValues, SelectionValues } from "../../io/file-options.js";
import { selectionOf } from "../../io/files/selection.js";
import type { Found } from "../../io/files/walk.js";
import { someAtATime } from "../../io/image-work.js";
import { readLocalKey } from "../../io/local-key.js";
import { jsonPath, jsonText, type Path, shownPath } from "../../io/names.js";
import { inputOf } from "../../io/outcome.js";
import type { Session } from "../../io/session.js";
import { UsageError } from "../../table/parse.js";
import { withStore } from "../bank/store.js";

/** The command line of `empreinte register`. */
export interface RegisterInput {
  arguments: { file: string; path: string[] };
  options: LimitValues &
    SelectionValues & {
      bank: string;
      source: string;
      local: boolean;
      most: number | undefined;
      localKey: string | undefined;
      actor: string | undefined;
      json: boolean;
      quiet: boolean;
    };
}

/** What an image gives. */
interface Registered {
  image: ImageHash;
  record: LocalRecord | undefined;
}

/** Adds images to the store, one entry each. */
class Register {
  images = 0;
  records = 0;
  refused = 0;
  readonly #store: BankStore;
  readonly #options: RegisterInput["options"];
  readonly #session: Session;

  constructor(store: BankStore, options: RegisterInput["options"], session: Session) {
    this.#store = store;
    this.#options = options;
    this.#session = session;
  }

  readonly add = async (path: Path, { image, record }: Registered): Promise<void> => {
    const { bank, source, json } = this.#options;
    const { hash, quality, digests } = image;
    const entryId = digests!.sha256!;
    const signals = [
      { type: "pdq" as const, value: hash, quality },
      { type: "sha256" as const, value: entryId },
    ];
    const name = { bank, source, entryId };
    await this.#store.import({ bank, source }, [{ id: entryId, signals }], { saveIndex: false });
    const entry = this.#store.entry(name);
    if (entry === undefined || entry.status === "withdrawn") {
      this.refused++;
      this.#session.note(`${shownPath(path)}: its entry was withdrawn, and is not added again`);
      if (json) await this.#session.line(jsonText({ ...jsonPath(path), entryId, refused: "withdrawn" }));
      return;
    }
    this.images++;
    if (record !== undefined) {
      this.#store.local.set(name, record);
      this.records++;
    }
    const { entryNumber, status, reason } = entry;
    if (status === "quarantined") this.#session.note(`${shownPath(path)}: quarantined: ${reason ?? ""}`);
    if (record?.points === 0)
      this.#session.note(`${shownPath(path)}: it has no local points, so that no part is found`);
    if (json) {
      const about = { entryId, entryNumber, status, ...(record && { points: record.points }) };
      await this.#session.line(jsonText({ ...jsonPath(path), ...about }));
    }
  };

  summary(): string {
    const images = counted(this.images, "image");
    return this.#options.local ? `${images} with ${counted(this.records, "local record")}` : images;
  }
}

/** Registers every selected image. */
export async function registerImages(
  { arguments: { file, path }, options }: RegisterInput,
  session: Session,
): Promise<number> {
  const { local, most, json, quiet, bank } = options;
  if (path.includes("-")) throw new UsageError("An image is read twice, so that standard input cannot be registered");
  if (!local && options.localKey !== undefined) throw new UsageError("--local-key is used with --local only");
  const localKey = local ? readLocalKey(options.localKey) : undefined;
  if (local && localKey === undefined) throw new UsageError("--local needs the key of local records: give --local-key");
  const selection = selectionOf(path, options, session.stdin);
  const limits = imageLimitsOf(options);
  hardenDecoder();
  tuneProcess();
  const { signal } = session;
  const read = async (found: Found): Promise<Registered> => {
    const input = inputOf(found, session.stdin);
    const image = await hashImage(input, { ...limits, digests: ["sha256"], signal });
    const record = local ? await registerLocal(input, { ...limits, ...defined({ most }), signal }) : undefined;
    if (image.furtherPages) found.furtherPages = true;
    return { image, record };
  };
  return withStore(
    file,
    async (store) => {
      if (!store.banks().some(({ name }) => name === bank)) throw new UsageError(`There is no bank ${bank}`);
      const register = new Register(store, options, session);
      const run = { selection, json, quiet, session, found: register.add };
      const work = someAtATime(options.concurrency ?? Math.min(4, availableParallelism()), read);
      const { trouble } = await eachImage(run, work);
      if (!quiet && !signal.aborted) session.note(register.summary());
      return endStatus(trouble || register.refused > 0, false);
    },
    { actor: options.actor, localKey },
  );
}
