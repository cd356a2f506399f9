import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { ExactBytes } from "./reader.js";

/**
 * A way for a child's output that reads straight into the frame's memory. An ordinary pipe of a child comes in pieces of
 * 64 KiB, each a buffer of its own: for 720p that took three times as long as this, a tenth of what decoding takes.
 */
export interface Channel {
  bytes: ExactBytes;
  /** The end that becomes the child's standard output. */
  theirs: Socket;
  /** Our end. */
  ours: Socket;
}

const spillBytes = 65_536;
const openMilliseconds = 2000;

/** What arrives on a socket, into the memory that is waiting for it. */
class SocketBytes extends ExactBytes {
  /**
   * For what arrives while nobody waits, and for the first piece after that. Two take turns: nothing is read while a piece
   * waits in one, but the next piece's place is asked for before it is taken from there.
   */
  readonly #spills: readonly [Buffer, Buffer] = [
    Buffer.allocUnsafeSlow(spillBytes),
    Buffer.allocUnsafeSlow(spillBytes),
  ];
  #turn = 0;
  socket: Socket | undefined;

  override resume(): void {
    this.socket?.resume();
  }

  /** Where the next piece goes. */
  buffer(): Uint8Array {
    return this.room() ?? this.#spills[++this.#turn % 2]!;
  }

  /** False where nobody waits for more. */
  arrivedIn(count: number, buffer: Uint8Array): boolean {
    if (buffer.length === spillBytes && this.#spills.includes(buffer as Buffer))
      this.arrived(buffer.subarray(0, count));
    else this.filled(count);
    return this.room() !== undefined;
  }
}

/**
 * A connected pair of sockets, by a name that no file system has and that nobody can pass for us on: whoever connects must
 * first say what only we know. `undefined` where there is no such thing (it is Linux's) or it does not work.
 */
export async function openChannel(): Promise<Channel | undefined> {
  if (process.platform !== "linux") return undefined;
  const word = randomBytes(32);
  const bytes = new SocketBytes();
  const server = createServer();
  let ours: Socket | undefined;
  try {
    server.listen(`\0empreinte-${randomBytes(16).toString("hex")}`);
    await once(server, "listening");
    const accepted = new Promise<Socket>((resolve, reject) => {
      setTimeout(() => reject(new Error("nobody came")), openMilliseconds).unref();
      server.once("error", reject);
      server.on("connection", (socket) => {
        let said = Buffer.alloc(0);
        socket.on("error", () => socket.destroy());
        socket.on("data", (piece: Buffer) => {
          said = Buffer.concat([said, piece]);
          if (said.length < word.length) return;
          if (!said.equals(word)) return void socket.destroy();
          socket.pause();
          resolve(socket);
        });
      });
    });
    const onread = {
      buffer: (): Uint8Array => bytes.buffer(),
      callback: (count: number, buffer: Uint8Array): boolean => bytes.arrivedIn(count, buffer),
    };
    ours = connect({ path: server.address() as string, onread });
    bytes.socket = ours;
    ours.on("error", () => bytes.end());
    ours.once("end", () => bytes.end());
    ours.once("close", () => bytes.end());
    ours.write(word);
    return { bytes, theirs: await accepted, ours };
  } catch {
    ours?.destroy();
    return undefined; // the ordinary pipe does as well
  } finally {
    server.close();
  }
}
