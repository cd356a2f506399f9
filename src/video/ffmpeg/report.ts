import { printable } from "../../errors.js";

/** What ffmpeg says of a frame that it has decoded. */
export interface FrameLine {
  /** In the decoder's order of showing, from 0 again where the size changes and its filters are set up anew. */
  count: number;
  /** As the container says, from its beginning; undefined where it does not. */
  seconds: number | undefined;
  width: number;
  height: number;
  /** Its samples are of the full range. */
  full: boolean;
}

/** A line longer than this is nothing that we read. */
const lineCharacters = 65_536;
const keptProblems = 8;

/** Said of a file that is cut or changed, also where ffmpeg goes on and ends well. */
/**
 * What decoders say of a frame before they make up what is missing in it. Whether ffmpeg then calls the frame corrupt is with
 * several threads a race that it loses now and then.
 */
const concealed = /error while decoding MB|error at MB|damaged at \d|concealing \d/i;
const damaged = /partial file|ended prematurely|packet corrupt|corrupt input packet|corrupt decoded frame/i;

/** Reads what ffmpeg writes on standard error, a piece at a time. */
export class Report {
  /** A real ffmpeg has opened the file. */
  opened = false;
  /** Lines of which we know what they mean: a sign of progress. */
  understood = 0;
  /** As the container states it; undefined where it does not. */
  durationSeconds: number | undefined;
  /** The average, to two decimals; undefined where the container does not say. */
  frameRate: number | undefined;
  /** The last things it complained about. */
  readonly problems: string[] = [];
  /** Codecs that it was not allowed to decode: also those of the sound, which is no fault. */
  readonly refused: Set<string> = new Set();
  /** Of the first stream that is a film, as ffmpeg calls it. */
  codec: string | undefined;
  /** What is written out is of the full range, by its tag. */
  fullRange = false;
  /** A size that it would not decode. */
  refusedSize: { width: number; height: number } | undefined;
  outOfMemory = false;
  /** What it said of damage, when it did. */
  damage: string | undefined;
  /** A decoder came upon damage, whatever was made of the frame. */
  concealed = false;
  readonly #filter: string;
  readonly #onFrame: (frame: FrameLine) => void;
  #rest = "";
  #timeBase: [over: number, under: number] = [0, 1];

  constructor(mark: string, onFrame: (frame: FrameLine) => void) {
    this.#filter = `[showinfo@${mark} @ `;
    this.#onFrame = onFrame;
  }

  feed(text: string): void {
    const lines = (this.#rest + text).split(/[\r\n]/);
    this.#rest = lines.pop()!;
    if (this.#rest.length > lineCharacters) this.#rest = "";
    for (const line of lines) this.#read(line);
  }

  #read(line: string): void {
    if (line.startsWith(this.#filter)) {
      this.#filtered(line.slice(line.indexOf("] ") + 2));
      return;
    }
    const [, level, said] = /\[(info|warning|error|fatal|panic)\] (.*)$/.exec(line) ?? [];
    if (said === undefined) {
      // From the system, which could not even load it.
      if (/failed to map segment|Cannot allocate memory/.test(line)) this.outOfMemory = true;
      return;
    }
    if (level === "info") this.#told(said);
    else this.#complained(line.replace(/\[\w+\] (?=.*$)/, "").replace(/ @ 0x[0-9a-f]+\]/, "]"));
  }

  /** From our filter, which tells each frame. */
  #filtered(said: string): void {
    this.understood++;
    const base = /config in time_base: (\d+)\/(\d+)/.exec(said);
    if (base !== null) this.#timeBase = [Number(base[1]), Number(base[2])];
    const frame = /\bn: *(\d+) pts: *(-?\d+|NOPTS) .*\bfmt:(\w+) .* s:(\d+)x(\d+) /.exec(said);
    if (frame === null) return;
    const [, count, pts, format, width, height] = frame;
    const seconds = (Number(pts) * this.#timeBase[0]) / this.#timeBase[1];
    this.#onFrame({
      count: Number(count),
      seconds: Number.isFinite(seconds) ? seconds : undefined,
      width: Number(width),
      height: Number(height),
      full: format!.startsWith("yuvj") || format === "gray",
    });
  }

  #told(said: string): void {
    if (said.startsWith("Input #0, ")) this.opened = true;
    if (/^frame= *\d/.test(said)) this.understood++;
    const duration = /^ +Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?),/.exec(said);
    if (duration !== null) {
      const [, hours, minutes, seconds] = duration.map(Number);
      this.durationSeconds ??= 3600 * hours! + 60 * minutes! + seconds!;
    }
    if (/^ +Stream #0:0.*: Video: rawvideo .*\bgray\(pc\b/.test(said)) this.fullRange = true;
    // The first stream of that kind is the one that is decoded, but for covers.
    const [, codec, rest] = /^ +Stream #0:.*: Video: (\w+)(.*)/.exec(said) ?? [];
    if (codec === undefined || this.codec !== undefined || said.includes("(attached pic)")) return;
    this.codec = codec;
    const rate = /, ([\d.]+)(k?) fps\b/.exec(rest!);
    if (rate !== null) this.frameRate = Number(rate[1]) * (rate[2] === "k" ? 1000 : 1);
  }

  #complained(said: string): void {
    const text = printable(said.trim()).replace("file:/proc/self/fd/3: ", "").slice(0, 300);
    const codec = /Codec \((\S+)\) not on whitelist/i.exec(text)?.[1];
    if (codec !== undefined) {
      this.refused.add(codec);
      return;
    }
    const size = /Picture size (\d+)x(\d+) (?:is invalid|exceeds)/i.exec(text);
    if (size !== null) this.refusedSize = { width: Number(size[1]), height: Number(size[2]) };
    if (/Cannot allocate memory|Error allocating|Unable to allocate|memory exhausted/i.test(text))
      this.outOfMemory = true;
    if (damaged.test(text)) this.damage ??= text;
    if (concealed.test(text)) this.concealed = true;
    this.problems.push(text);
    if (this.problems.length > keptProblems) this.problems.shift();
  }
}
