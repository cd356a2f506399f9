/** `vpdq-lines`, `vpdq-json` and `vpdq-json-object`: vPDQ's three texts. The frames of one video are one entry. */
import type { ListEntry, Signal, ListPosition } from "../entry.js";
import { CsvReader } from "../readers/csv-reader.js";
import { JsonReader } from "../readers/json-reader.js";
import type { CountLoss, Format, FormatReader, FormatWriter, WritableFormat } from "../format.js";
import type { Sink } from "../sink.js";
import { isObject, signalValue } from "../values.js";
import { leaveOut, leaveOutFields, leaveOutSignals, writable } from "../losses.js";

/** The most frames of a video: eighteen hours at one each second. An entry of a bank holds no more signals. */
const mostFrames = 65_536;

type VpdqForm = "vpdq-lines" | "vpdq-json" | "vpdq-json-object";

const whole = /^\s*\d+(\.0*)?\s*$/;
/** A time may have an exponent: python-threatexchange writes three significant digits. */
const seconds = /^\s*\d+(\.\d*)?(e[+-]?\d+)?\s*$/i;

class VpdqReader implements FormatReader {
  readonly #sink: Sink;
  readonly #reader: CsvReader | JsonReader;
  readonly #frames: Signal[] = [];
  #seen = 0;

  constructor(sink: Sink, maxEntryBytes: number, form: VpdqForm) {
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
    if (this.#frames.length === 0) return sink.skip({ entry: 1 }, "bad-syntax", "not one of its frames can be read");
    const frames = this.#frames.sort((a, b) => a.frame! - b.frame!);
    sink.add({ signals: frames, labels: [], cases: [], status: "active", media: "video" }, { entry: 1 });
  }

  /** Reads `"hash,quality,timestamp"`. The frames are numbered here. */
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
    if (value === undefined) return sink.flaw(at, "Expected 64 hex digits", "hash", "bad-hash");
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

/** Writes the frames of one entry, because a vPDQ text is one video. Times have three decimals in every form. */
class VpdqWriter implements FormatWriter {
  readonly #form: VpdqForm;
  #written = 0;

  constructor(form: VpdqForm) {
    this.#form = form;
  }

  begin(): string {
    return "";
  }

  entry(entry: ListEntry, lost: CountLoss): string {
    if (!writable(entry, lost)) return "";
    const vpdq = entry.signals.filter(({ type }) => type === "vpdq");
    if (vpdq.length > 0 && this.#written > 0) {
      lost("entries: a vPDQ text has one video");
      return "";
    }
    leaveOutSignals(entry, lost, ["vpdq"], Math.min(vpdq.length, 1));
    leaveOut(entry, lost, ["id", "labels", "cases", "time", "others"]);
    leaveOutFields(entry, lost, []);
    if (entry.media === "image") lost("media");
    const frames: Required<Omit<Signal, "crop">>[] = [];
    for (const { type, value, quality, frame, timestampSeconds } of vpdq) {
      if (quality === undefined || frame === undefined || timestampSeconds === undefined) {
        lost("frames without a number, time or quality");
        continue;
      }
      if (this.#form === "vpdq-json" && frame !== frames.length) lost("frame numbers");
      if (Math.abs(Number(timestampSeconds.toFixed(3)) - timestampSeconds) > 1e-9) lost("time below a millisecond");
      frames.push({ type, value, quality, frame, timestampSeconds });
    }
    if (frames.length === 0) return "";
    this.#written++;
    return this.#text(frames);
  }

  end(): string {
    if (this.#written > 0 || this.#form === "vpdq-lines") return "";
    return this.#form === "vpdq-json" ? "[]\n" : "{}\n";
  }

  #text(frames: readonly Required<Omit<Signal, "crop">>[]): string {
    const rows = frames.map((one) => ({ ...one, time: one.timestampSeconds.toFixed(3) }));
    if (this.#form === "vpdq-json")
      return `${JSON.stringify(rows.map(({ value, quality, time }) => `${value},${quality},${time}`))}\n`;
    if (this.#form === "vpdq-lines")
      return rows.map(({ frame, quality, value, time }) => `${frame},${quality},${value},${time}\n`).join("");
    const members = rows.map(({ frame, quality, value, time }) => [
      frame,
      { quality, hash: value, timestamp: Number(time) },
    ]);
    return `${JSON.stringify(Object.fromEntries(members))}\n`;
  }
}

function vpdqFormat(form: VpdqForm, sniff: Format["sniff"]): WritableFormat {
  return {
    sniff,
    read: (sink, { maxEntryBytes }) => new VpdqReader(sink, maxEntryBytes, form),
    write: () => new VpdqWriter(form),
  };
}

const vpdqLine = /^\s*\d+\s*,\s*\d+(\.0*)?\s*,\s*[0-9a-f]{64}\s*,\s*[\d.]+(e[+-]?\d+)?\s*$/i;

export const vpdqLines: WritableFormat = vpdqFormat("vpdq-lines", ({ kind, firstLine }) =>
  kind === "text" && vpdqLine.test(firstLine) ? "certain" : "no",
);

export const vpdqJson: WritableFormat = vpdqFormat("vpdq-json", ({ text }) =>
  /^\[\s*("|\]\s*$)/.test(text) ? "certain" : "no",
);

export const vpdqJsonObject: WritableFormat = vpdqFormat("vpdq-json-object", ({ text }) =>
  /^\{\s*("\d+"\s*:\s*\{|\}\s*$)/.test(text) ? "possible" : "no",
);
