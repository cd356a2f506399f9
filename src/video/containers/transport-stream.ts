/** The joints of an MPEG transport stream (ISO/IEC 13818-1): where one file ends and another one begins. */
import { read } from "node:fs";
import { promisify } from "node:util";
import { openFile } from "../../files/open-file.js";

const readInto = promisify(read);

const packetBytes = 188;
const packetsAtOnce = 4096;
const sync = 0x47;
const tablePid = 0;
const emptyPid = 0x1fff;
/** How far the time of a frame differs from the one before at least, where another file begins. */
const otherTimeSeconds = 1;

/** What is known of the packets of one stream. */
interface Stream {
  counter: number;
  /** Whether it carries images or sound. A table that is missing hides none. */
  elements: boolean;
  /** How many packets of the program table had come before its last packet. */
  tables: number;
  /** The last time that was stated, in seconds. */
  seconds: number | undefined;
}

/** Returns whether a frame or a sound begins here, and not a table. */
const isElement = (payload: Buffer): boolean => payload.length > 3 && payload.readUIntBE(0, 3) === 1;

/** The presentation time of the frame or sound that begins in a packet, in seconds. */
function timeOf(payload: Buffer): number | undefined {
  if (payload.length < 14 || !isElement(payload) || (payload[7]! & 0x80) === 0) return undefined;
  const high = (payload[9]! >> 1) & 7;
  return (high * 2 ** 30 + (payload.readUInt16BE(10) >> 1) * 2 ** 15 + (payload.readUInt16BE(12) >> 1)) / 90_000;
}

/** Follows the counters of all streams. */
class Counters {
  readonly #streams = new Map<number, Stream>();
  /** How many packets of the program table have come. */
  #tables = 0;
  /** At which of them its counter last jumped. */
  #tableJump = 0;
  /** Whether a counter has jumped. */
  jumped = false;

  /** Returns false if a packet is missing inside a frame or sound, or where it cannot be known. */
  take(packet: Buffer): boolean {
    if (packet[0] !== sync || (packet[1]! & 0x80) !== 0) return false;
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const hasPayload = (packet[3]! & 0x10) !== 0;
    if (pid === emptyPid || !hasPayload) return true;
    if (pid === tablePid) this.#tables++;
    const counter = packet[3]! & 15;
    const stream = this.#streams.get(pid);
    const start = (packet[3]! & 0x20) === 0 ? 4 : 5 + packet[4]!;
    const begins = (packet[1]! & 0x40) !== 0;
    const payload = packet.subarray(Math.min(start, packetBytes));
    const seconds = begins ? timeOf(payload) : undefined;
    const elements = begins ? isElement(payload) : stream?.elements === true;
    const continues = stream === undefined || counter === stream.counter || counter === ((stream.counter + 1) & 15);
    this.jumped ||= !continues;
    if (pid === tablePid && !continues) this.#tableJump = this.#tables;
    const whole = continues || !(elements || stream.elements) || (begins && this.#isJoint(stream, seconds));
    this.#streams.set(pid, { counter, elements, tables: this.#tables, seconds: seconds ?? stream?.seconds });
    return whole;
  }

  /** A file begins with its tables. Their counter starts again, or the time does. */
  #isJoint({ tables, seconds: before }: Stream, seconds: number | undefined): boolean {
    if (this.#tables === tables) return false;
    if (this.#tableJump > tables) return true;
    return seconds !== undefined && before !== undefined && Math.abs(seconds - before) > otherTimeSeconds;
  }
}

/** What the jumps of the packet counters are: there are none, all are joints of whole files, or some are neither. */
export type Jumps = "none" | "joints" | "damage";

/**
 * Returns what the jumps of the packet counters are. Packets of another length, which some recorders write, are
 * `"damage"`.
 * @throws The system's error when the file cannot be read.
 */
export async function jumpsOf({ fd, path }: { fd?: number; path: string }): Promise<Jumps> {
  if (fd !== undefined) return readJumps(fd);
  const { file } = await openFile(path);
  try {
    return await readJumps(file.fd);
  } finally {
    await file.close();
  }
}

async function readJumps(fd: number): Promise<Jumps> {
  const buffer = Buffer.alloc(packetBytes * packetsAtOnce);
  const counters = new Counters();
  for (let position = 0; ;) {
    const { bytesRead } = await readInto(fd, buffer, 0, buffer.length, position);
    if (bytesRead === 0) return position === 0 ? "damage" : counters.jumped ? "joints" : "none";
    const whole = bytesRead - (bytesRead % packetBytes);
    if (whole === 0) return "damage"; // it ends inside a packet
    for (let at = 0; at < whole; at += packetBytes) {
      if (!counters.take(buffer.subarray(at, at + packetBytes))) return "damage";
    }
    position += whole;
  }
}
