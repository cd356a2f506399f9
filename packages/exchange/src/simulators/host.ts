/** A simulated web host, whose pages may misbehave. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";

/** How a page of a host misbehaves. */
export const misbehaviours = [
  /** The connection is taken, and no answer comes. */
  "silent",
  /** A byte every 20 milliseconds. */
  "drip",
  /** Text without end. */
  "endless-text",
  /** An image without end. */
  "endless-image",
  /** Headers without end. */
  "endless-headers",
  /** Half of the bytes that its length states; then the connection ends. */
  "truncated",
  /** The connection ends in the middle of a chunk. */
  "reset",
  /** No HTTP at all. */
  "garbage",
  /** A redirect to an address of this machine's own network. */
  "redirect-private",
  /** A redirect to the service with the keys of machines in clouds. */
  "redirect-metadata",
  /** A redirect to itself. */
  "redirect-loop",
  /** A redirect to a file of the machine that fetches. */
  "redirect-file",
  /** A few bytes that become gigabytes when their encoding is undone. */
  "bomb",
] as const;
export type Misbehaviour = (typeof misbehaviours)[number];

/** What is at a path. */
export interface HostPage {
  status?: number;
  type?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  does?: Misbehaviour;
}

const redirects: Partial<Record<Misbehaviour, string>> = {
  "redirect-private": "http://10.0.0.1/",
  "redirect-metadata": "http://169.254.169.254/latest/meta-data/",
  "redirect-file": "file:///etc/passwd",
};

/** A host with the pages that a test gives it. For any other path it has `missing`, by default status 404. */
export class HostSimulator {
  readonly pages: Map<string, HostPage> = new Map();
  missing: HostPage = { status: 404, body: "<h1>Not found</h1>" };
  /** Called with the path of each request. */
  onRequest: (path: string) => void = () => undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    // It is the client that must end what has no end.
    this.#server.requestTimeout = 0;
  }

  /** Starts on a port of this machine; 0 for any. Answers its address. */
  async listen(port = 0, host = "127.0.0.1"): Promise<string> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!.split("?")[0]!;
    this.onRequest(path);
    const page = this.pages.get(path) ?? this.missing;
    const { status = 200, type = "text/html", headers = {}, body = "", does } = page;
    const bytes = Buffer.from(body);
    const head = { "content-type": type, ...headers };
    const location = does === "redirect-loop" ? path : redirects[does ?? "silent"];
    if (location !== undefined) return void response.writeHead(302, { location }).end();
    switch (does) {
      case undefined:
        return void response.writeHead(status, head).end(bytes);
      case "silent":
        return;
      case "drip":
        return drip(response.writeHead(200, head), bytes);
      case "endless-text":
        return pour(response.writeHead(200, head), Buffer.from("words without any end ".repeat(3000)));
      case "endless-image":
        return pour(response.writeHead(200, { "content-type": "image/jpeg" }), Buffer.alloc(2 ** 16, 0xff));
      case "endless-headers":
        request.socket.write("HTTP/1.1 200 OK\r\n");
        return pour(request.socket, Buffer.from(`x-more: ${"a".repeat(2 ** 14)}\r\n`));
      case "truncated":
        response.writeHead(200, { ...head, "content-length": String(bytes.length) });
        return void response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
      case "reset":
        return void response.writeHead(200, head).write(bytes.subarray(0, 1), () => response.destroy());
      case "garbage":
        return void request.socket.end("220 mail.example ESMTP\r\n");
      case "bomb":
        response.writeHead(200, { ...head, "content-encoding": "gzip" });
        return bomb(response);
      default:
        return void response.writeHead(500).end();
    }
  }
}

function drip(response: ServerResponse, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => response.write(bytes.subarray(at % bytes.length, (at++ % bytes.length) + 1)), 20);
  response.on("close", () => clearInterval(timer));
}

/** Writes the same bytes for as long as somebody reads. */
function pour(to: Writable, bytes: Buffer): void {
  let open = true;
  to.on("close", () => (open = false)).on("error", () => (open = false));
  const next = (): void => {
    while (open && to.write(bytes));
    if (open) to.once("drain", next);
  };
  next();
}

function bomb(response: ServerResponse): void {
  const zeros = Buffer.alloc(2 ** 20, 0x20);
  const gzip = createGzip();
  gzip.pipe(response);
  pour(gzip, zeros);
  response.on("close", () => gzip.destroy());
}
