import { bytes } from "../check.js";
import { EmpreinteError, type ErrorCode } from "../errors.js";
import type { NativeLocalRecord } from "../native/binding/local.js";
import { native } from "../native/load.js";

/** Runs a check of the addon, whose errors have codes of this package. */
function checked(record: Uint8Array): NativeLocalRecord {
  try {
    return native.localRecord(record);
  } catch (error) {
    const { code, message } = error as Error & { code: ErrorCode };
    throw new EmpreinteError(code, message, { cause: error });
  }
}

/**
 * The local points of one original, which `registerLocal` makes and a `LocalIndex` takes. It does not change.
 *
 * A record describes 200 places of an image so well that a rough copy of the image can be made from it. Keep it as you
 * keep the image: encrypted, and for as long as you may keep the image. It is neither printed nor turned into JSON.
 */
export class LocalRecord {
  readonly #bytes: Uint8Array;
  /** The width of the original in pixels. */
  readonly width: number;
  /** The height of the original in pixels. */
  readonly height: number;
  /** How many local points it has, 0 … 400. An image without detail, or mostly of one colour, has none. */
  readonly points: number;

  private constructor(own: Uint8Array) {
    this.#bytes = own;
    ({ width: this.width, height: this.height, points: this.points } = checked(own));
  }

  /**
   * Reads the bytes that `toBytes` gave. They are copied and checked.
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: `record` is no `Uint8Array`.
   * @throws {EmpreinteError} `ERR_EMPREINTE_LOCAL_RECORD`: the bytes are no record, are truncated or damaged, or are of
   * a newer version. `ERR_EMPREINTE_LOCAL_TABLE`: this version describes points otherwise. Call `registerLocal` with
   * the original again.
   */
  static from(record: Uint8Array): LocalRecord {
    return new LocalRecord(Uint8Array.from(bytes("record", record)));
  }

  /** Returns a copy of the record's bytes, 24 and 38 for each point. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }
}
