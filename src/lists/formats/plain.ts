/** `plain`: a hash a line, with or without metadata after a comma. The core reads the lines. */
import { native } from "../../native/load.js";
import type { NativeListBatch } from "../../native/binding/lists.js";
import { nativeProblemCode } from "../batches.js";
import { cropMetadata, isCropName, mostCrops, splitCropMetadata } from "../crops.js";
import type { ListEntry, ListPosition, Signal } from "../entry.js";
import type { CountLoss, FormatReader, FormatWriter, WritableFormat } from "../format.js";
import { leaveOut, leaveOutFields, leaveOutSignals, writable } from "../losses.js";
import type { Sink } from "../sink.js";
import { isPlainList } from "./lines.js";

class PlainReader implements FormatReader {
  readonly #sink: Sink;
  // Trivial hashes are entries here: a bank that stores them screens them.
  readonly #list: ReturnType<typeof native.createList> = native.createList(true);
  /** The last entry: crop lines may follow it. */
  #last: { entry: ListEntry; position: ListPosition } | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(bytes: Uint8Array): void {
    this.#addBatch(native.listFeed(this.#list, bytes));
  }

  end(): void {
    this.#addBatch(native.listFinish(this.#list));
    this.#addLast();
  }

  #addLast(): void {
    if (this.#last !== undefined) this.#sink.add(this.#last.entry, this.#last.position);
    this.#last = undefined;
  }

  /** In a sorted list the line before may be another image's: without the same metadata, nothing is guessed. */
  #addCrop({ image, name }: { image: string; name: string }, value: string, line: number): void {
    const last = this.#last?.entry;
    const metadata = last?.fields?.["metadata"] ?? "";
    if (last === undefined || metadata !== image || last.signals.length > mostCrops) {
      const reason = `a crop line has to follow its image's line, with at most ${mostCrops - 1} crop lines between them`;
      this.#sink.skip({ entry: ++this.#sink.count, line }, "orphan-crop", reason);
    } else last.signals.push({ type: "pdq", value, crop: name });
  }

  #addBatch(batch: NativeListBatch): void {
    const { hashes, metadata, ends, lines, problemLines } = batch;
    const sink = this.#sink;
    const bytes = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    const texts = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
    let from = 0;
    let problem = 0;
    for (let i = 0; i < ends.length; i++) {
      // Problems and entries come in the order of their lines.
      while (problem < problemLines.length && problemLines[problem]! < lines[i]!) this.#problem(batch, problem++);
      const text = texts.toString("utf8", from, ends[i]);
      from = ends[i]!;
      const value = bytes.toString("hex", 32 * i, 32 * i + 32);
      const crop = splitCropMetadata(text);
      if (crop !== undefined) {
        this.#addCrop(crop, value, lines[i]!);
        continue;
      }
      this.#addLast();
      const entry: ListEntry = { signals: [{ type: "pdq", value }], labels: [], cases: [], status: "active" };
      if (text !== "") entry.fields = { metadata: text };
      this.#last = { entry, position: { entry: ++sink.count, line: lines[i]! } };
    }
    while (problem < problemLines.length) this.#problem(batch, problem++);
  }

  /** The line may have been an image's: its crops must not go to the image before. */
  #problem({ problemLines, problemCodes, problemReasons }: NativeListBatch, i: number): void {
    this.#addLast();
    const position = { entry: ++this.#sink.count, line: problemLines[i]! };
    this.#sink.skip(position, nativeProblemCode(problemCodes[i]!), problemReasons[i]!);
  }
}

/** Returns metadata such that the core reads it back: it drops white space and quotes around all of it. */
export function metadataCell(text: string): string {
  return /^[\s"]|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The core refuses a longer line. */
const mostMetadata = 60_000;

/** Writes a line for each PDQ hash. The metadata has what else is known, as text for people. */
class PlainWriter implements FormatWriter {
  begin(): string {
    return "";
  }

  entry(entry: ListEntry, lost: CountLoss): string {
    if (!writable(entry, lost)) return "";
    const hashes = entry.signals.filter(({ type }) => type === "pdq");
    const marked = markable(hashes);
    if (hashes.some(({ crop }, i) => crop !== undefined && !marked[i])) lost("crop");
    leaveOutSignals(entry, lost, ["pdq"], marked.filter((is) => !is).length);
    leaveOut(entry, lost, ["id", "labels", "cases", "time", "media", "quality", "others"]);
    leaveOutFields(entry, lost, ["metadata"]);
    const metadata = entry.fields?.["metadata"];
    let text = typeof metadata === "string" ? metadata : described(entry);
    if (/[\r\n\0]/.test(text) || Buffer.byteLength(text) > mostMetadata) {
      lost("fields.metadata");
      text = text
        .replace(/[\r\n\0]+/g, " ")
        .trim()
        .slice(0, mostMetadata / 4);
    }
    if (splitCropMetadata(text) !== undefined) {
      lost("fields.metadata");
      text += ";";
    }
    const lines = hashes.map(({ value, crop }, i) => {
      const metadata = marked[i] === true ? cropMetadata(text, crop!) : text;
      return `${value}${metadata === "" ? "" : `,${metadataCell(metadata)}`}\n`;
    });
    return lines.join("");
  }

  end(): string {
    return "";
  }
}

/** Says which hashes are written as crop lines: those that a reader would give back to the image before them. */
function markable(hashes: readonly Signal[]): boolean[] {
  /** How many lines have been written since the image's line, including it; 0 if there is none. */
  let since = 0;
  return hashes.map(({ crop }) => {
    if (crop === undefined) since = 1;
    else if (since > 0 && since <= mostCrops && isCropName(crop)) {
      since++;
      return true;
    } else since = 0;
    return false;
  });
}

/** "id=42/image1; labels=ncmec:A1; cases=2026-4" */
function described({ id, labels, cases }: ListEntry): string {
  const parts = [
    id === undefined ? "" : `id=${id}`,
    labels.length === 0 ? "" : `labels=${labels.map(({ scheme, code }) => `${scheme}:${code}`).join(" ")}`,
    cases.length === 0 ? "" : `cases=${cases.join(" ")}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

export const plain: WritableFormat = {
  sniff: (head) => (isPlainList(head) ? "certain" : "no"),
  read: (sink) => new PlainReader(sink),
  write: () => new PlainWriter(),
};
