import { printable } from "../../errors.js";

/** The line that ffmpeg's `showinfo` filter writes for a decoded frame. */
export interface FrameLine {
  /**
   * Counts frames in the order in which they are shown. It starts from 0 again where the size of the frames changes.
   */
  count: number;
  /** The time from the beginning of the container; undefined if the container states none. */
  seconds: number | undefined;
  width: number;
  height: number;
  /** Whether its samples have the full range 0 … 255. */
  fullRange: boolean;
}

/** Longer lines are dropped. */
const lineCharacters = 65_536;
const keptProblems = 8;

/**
 * Decoders write this about a frame before they conceal what is missing in it. With several threads ffmpeg does not
 * always call such a frame corrupt: that depends on which thread is first.
 */
const concealment = /error while decoding MB|error at MB|damaged at \d|concealing \d/i;
/**
 * The decoder of HEVC writes this and goes on with what it has: blocks that it made of nothing, or a frame that lacks
 * the one that it was made of. It gives such frames as whole ones.
 */
const hevcDamage =
  /^\[hevc\] (?:CABAC_MAX_BIN|The cu_qp_delta|Could not find ref with POC|Error parsing NAL unit|Invalid NAL unit size|Error splitting the input|Overread|Zero refs|PPS id out of range|Skipping invalid undecodable NALU|Two slices reporting being the first|First slice in a frame missing)/i;
/**
 * The parser of Ogg leaves out a page whose checksum is wrong, and the decoder of Motion JPEG fills up what is missing.
 */
const otherDamage = /^\[ogg\] CRC mismatch|^\[mjpeg\] (?:error y=|error count:|error dc|overread |bad vlc)/i;
/** Those of AV1 write this about data that are none, and leave out the frames in them. */
const av1Damage =
  /^\[\w+\] (?:Unknown OBU type 0 of size|obu_forbidden_bit out of range|Failed to parse temporal unit|Error parsing OBU data)/i;
/** Parsers of containers write this where they cannot follow the file, and look for a place where they can go on. */
const lostPlace =
  /invalid as first byte of an EBML number|indicated by an EBML number's first byte|EBML number.* exceeds max length|max resync size reached|Element at .* ending at .* exceeds containing master element|Invalid EBML number|Invalid track number \d/i;
/** ffmpeg writes this about a file that is cut or changed, even where it goes on and exits with 0. */
const damage = /partial file|ended prematurely|packet corrupt|corrupt input packet|corrupt decoded frame/i;
/** The packets of a transport stream are counted. ffmpeg writes this about the packet before a jump of the counter. */
const jump = /^\[mpegts\] packet corrupt|corrupt input packet/i;

/** Reads what ffmpeg writes on standard error, piece by piece. */
export class StderrReport {
  /** Whether an ffmpeg has opened the file. */
  fileOpened = false;
  /** The number of lines that were recognized: a sign of progress. */
  recognizedLines = 0;
  /** The duration that the container states; undefined if it states none. */
  durationSeconds: number | undefined;
  /** The average frames a second to two decimals; undefined if the container states none. */
  frameRate: number | undefined;
  /** The last problems that it reported. */
  readonly problems: string[] = [];
  /** The first line that ffmpeg would not write: of the dynamic loader, an interpreter or another program. */
  foreignLine: string | undefined;
  /** Codecs that it was not allowed to decode. Those of audio tracks are among them, which is no fault. */
  readonly refusedCodecs: Set<string> = new Set();
  /** ffmpeg's name for the codec of the video stream that is decoded. */
  codec: string | undefined;
  /** How many video streams the file has. Cover images are not counted. */
  get streamCount(): number {
    return this.#streams.size;
  }
  /** Whether the output is tagged as having the full range. */
  fullRange = false;
  /** A frame size that it refused to decode. */
  refusedSize: { width: number; height: number } | undefined;
  outOfMemory = false;
  /** What it reported about damage, if it did. */
  damage: string | undefined;
  /** Whether a decoder has concealed damage in a frame. */
  concealed = false;
  readonly #filter: string;
  readonly #joined: boolean;
  readonly #stream: number;
  /** The video streams of the file by their numbers. A stream of several programs is listed by each. */
  readonly #streams = new Set<string>();
  /** Whether the lines are about the output. */
  #inputEnded = false;
  readonly #onFrame: (frame: FrameLine) => void;
  #rest = "";
  #timeBase: [over: number, under: number] = [0, 1];

  /**
   * @param joined whether all jumps of the packet counters are known to be joints of whole files.
   * @param stream which video stream is decoded.
   */
  constructor(
    mark: string,
    { joined, stream }: { joined: boolean; stream: number },
    onFrame: (frame: FrameLine) => void,
  ) {
    this.#filter = `[showinfo@${mark} @ `;
    this.#joined = joined;
    this.#stream = stream;
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
      this.#readFilterLine(line.slice(line.indexOf("] ") + 2));
      return;
    }
    const [, level, message] = /\[(info|warning|error|fatal|panic)\] (.*)$/.exec(line) ?? [];
    if (message === undefined) {
      // The dynamic loader wrote this: it had no memory to load ffmpeg.
      if (/failed to map segment|Cannot allocate memory/.test(line)) this.outOfMemory = true;
      if (line.trim() !== "") this.foreignLine ??= printable(line.trim()).slice(0, 300);
      return;
    }
    if (level === "info") this.#readInfo(message);
    else this.#readProblem(line.replace(/\[\w+\] (?=.*$)/, "").replace(/ @ 0x[0-9a-f]+\]/, "]"));
  }

  /** Reads a line of our filter, which writes one for each frame. */
  #readFilterLine(message: string): void {
    this.recognizedLines++;
    const base = /config in time_base: (\d+)\/(\d+)/.exec(message);
    if (base !== null) this.#timeBase = [Number(base[1]), Number(base[2])];
    const frame = /\bn: *(\d+) pts: *(-?\d+|NOPTS) .*\bfmt:(\w+) .* s:(\d+)x(\d+) /.exec(message);
    if (frame === null) return;
    const [, count, pts, format, width, height] = frame;
    const seconds = (Number(pts) * this.#timeBase[0]) / this.#timeBase[1];
    this.#onFrame({
      count: Number(count),
      seconds: Number.isFinite(seconds) ? seconds : undefined,
      width: Number(width),
      height: Number(height),
      fullRange: format!.startsWith("yuvj") || format === "gray",
    });
  }

  #readInfo(message: string): void {
    if (message.startsWith("Input #0, ")) this.fileOpened = true;
    if (/^frame= *\d/.test(message)) this.recognizedLines++;
    const duration = /^ +Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?),/.exec(message);
    if (duration !== null) {
      const [, hours, minutes, seconds] = duration.map(Number);
      this.durationSeconds ??= 3600 * hours! + 60 * minutes! + seconds!;
    }
    if (/^ +Stream #0:0.*: Video: rawvideo .*\bgray\(pc\b/.test(message)) this.fullRange = true;
    if (/^(?:Stream mapping:|Output #0, )/.test(message)) this.#inputEnded = true;
    if (this.#inputEnded || /\((?:attached pic|timed thumbnails)\)/.test(message)) return;
    const [, number, codec, rest] = /^ +Stream #0:(\d+).*?: Video: (\w+)(.*)/.exec(message) ?? [];
    if (codec === undefined || this.#streams.has(number!)) return;
    this.#streams.add(number!);
    if (this.#streams.size !== this.#stream + 1) return;
    this.codec = codec;
    const rate = /, ([\d.]+)(k?) fps\b/.exec(rest!);
    if (rate !== null) this.frameRate = Number(rate[1]) * (rate[2] === "k" ? 1000 : 1);
  }

  #readProblem(message: string): void {
    const text = printable(message.trim()).replace("file:/proc/self/fd/3: ", "").slice(0, 300);
    const codec = /Codec \((\S+)\) not on whitelist/i.exec(text)?.[1];
    if (codec !== undefined) {
      this.refusedCodecs.add(codec);
      return;
    }
    const size = /Picture size (\d+)x(\d+) (?:is invalid|exceeds)/i.exec(text);
    if (size !== null) this.refusedSize = { width: Number(size[1]), height: Number(size[2]) };
    if (/Cannot allocate memory|Error allocating|Unable to allocate|memory exhausted/i.test(text))
      this.outOfMemory = true;
    if (damage.test(text) && !(this.#joined && jump.test(text))) this.damage ??= text;
    if (hevcDamage.test(text) || av1Damage.test(text) || otherDamage.test(text) || lostPlace.test(text))
      this.damage ??= text;
    if (concealment.test(text)) this.concealed = true;
    this.problems.push(text);
    if (this.problems.length > keptProblems) this.problems.shift();
  }
}
