/** vPDQ's three texts: the frames of one video, which are one entry. */
import type { ListedSignal, ListPosition } from "./entry.js";
import { CsvReader } from "./csv-reader.js";
import { JsonReader } from "./json-reader.js";
import type { Feeder, Sink } from "./sink.js";
import { isObject, signalValue } from "./values.js";

/** So many frames at most: eighteen hours at one a second, and what an entry of a bank may hold. */
const mostFrames = 65_536;

export type VpdqListForm = "vpdq-lines" | "vpdq-json" | "vpdq-json-object";

const whole = /^\s*\d+(\.0*)?\s*$/;
/** With an exponent too: python-threatexchange writes three significant digits. */
const seconds = /^\s*\d+(\.\d*)?(e[+-]?\d+)?\s*$/i;

export class VpdqReader implements Feeder {
  readonly #sink: Sink;
  readonly #reader: CsvReader | JsonReader;
  readonly #frames: ListedSignal[] = [];
  #seen = 0;

  constructor(sink: Sink, maxEntryBytes: number, form: VpdqListForm) {
    this.#sink = sink;
    const row = (fields: string[], line: number): void => {
      const at = { entry: 1, line };
      this.#seen++;
      if (fields.length !== 4) return sink.flaw(at, "Expected frame,quality,hash,timestamp", "frame");
      this.#frame(fields[0]!, fields[1]!, fields[2], fields[3]!, at);
    };
    const json = (take: (value: unknown, key: string | number, at: ListPosition) => void): JsonReader => {
      const reader = new JsonReader(sink, {
        paths: ["$.*"],
        entryDepth: 1,
        maxEntryBytes,
        take: (value, key) => take(value, key ?? "", { entry: 1, byte: reader.entryByte }),
      });
      return reader;
    };
    if (form === "vpdq-lines")
      this.#reader = new CsvReader(sink, { delimiter: ",", quotes: false, maxEntryBytes, row });
    else if (form === "vpdq-json") this.#reader = json((value, _, at) => this.#feature(value, at));
    else this.#reader = json((value, key, at) => this.#member(String(key), value, at));
  }

  write(bytes: Uint8Array): void {
    this.#reader.write(bytes);
  }

  end(): void {
    this.#reader.end();
    const sink = this.#sink;
    if (this.#seen === 0 && this.#frames.length === 0) return;
    sink.count = 1;
    if (this.#frames.length === 0) return sink.problem({ entry: 1 }, "not one of its frames can be read");
    const frames = this.#frames.sort((a, b) => a.frame! - b.frame!);
    sink.give({ signals: frames, labels: [], cases: [], status: "active", media: "video" }, { entry: 1 });
  }

  /** `"hash,quality,timestamp"`: the frames are counted. */
  #feature(value: unknown, at: ListPosition): void {
    const number = String(this.#seen++);
    const parts = typeof value === "string" ? value.split(",") : [];
    if (parts.length !== 3) return this.#sink.flaw(at, 'Expected "hash,quality,timestamp"', "frame");
    this.#frame(number, parts[1]!, parts[0], parts[2]!, at);
  }

  #member(number: string, value: unknown, at: ListPosition): void {
    this.#seen++;
    if (!isObject(value)) return this.#sink.flaw(at, 'Expected {"quality", "hash", "timestamp"}', "frame");
    this.#frame(number, String(value["quality"]), value["hash"], String(value["timestamp"]), at);
  }

  #frame(number: string, quality: string, hash: unknown, time: string, at: ListPosition): void {
    const sink = this.#sink;
    if (!whole.test(number) || Number(number) > Number.MAX_SAFE_INTEGER)
      return sink.flaw(at, "Expected a frame number", "frame");
    if (!whole.test(quality) || Number(quality) > 100) return sink.flaw(at, "Expected a quality of 0 … 100", "quality");
    if (!seconds.test(time) || !Number.isFinite(Number(time)))
      return sink.flaw(at, "Expected a time in seconds", "timestamp");
    const value = signalValue("vpdq", hash);
    if (value === undefined) return sink.flaw(at, "Expected 64 hex digits", "hash");
    if (this.#frames.length === mostFrames) throw sink.fatal(at, `a video of more than ${mostFrames} frames`);
    this.#frames.push({
      type: "vpdq",
      value,
      quality: Number(quality),
      frame: Number(number),
      timestampSeconds: Number(time),
    });
  }
}
