/** A site with this package, under the policy that the documents name. It counts what is requested. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { root } from "../../../../test/support/run.ts";

const types: Record<string, string> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

const usualPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; " +
  "img-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'";

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>empreinte</title><input type="file" aria-label="file"><script type="module" src="/test.js"></script>`;

/** What the page of the tests offers: calls by name, whose results and errors are plain values. */
const script = `
import { Hasher } from "/package/dist/index.js";
// Tests end workers from outside.
const workers = [];
const Plain = Worker;
globalThis.Worker = class extends Plain {
  constructor(...values) {
    super(...values);
    workers.push(this);
  }
};
const hasher = new Hasher();
const plain = (error) => ({ error: { name: error.name, code: error.code, message: error.message } });
const file = async (name) => new Blob([await (await fetch("/files/" + name)).arrayBuffer()]);
const calls = {
  hash: async (name) => hasher.hashImage(await file(name), { orientations: true }),
  hashes: async (names) => {
    const found = [];
    for await (const { image, error } of hasher.hashImages(await Promise.all(names.map(file)), { orientations: true }))
      found.push(image ?? plain(error));
    return found;
  },
  image: async (name, options) => hasher.hashImage(await file(name), options),
  chosen: async () => hasher.hashImage(document.querySelector("input").files[0]),
  lost: async (name) => {
    const onProgress = () => workers.at(-1).terminate();
    const first = await hasher.hashImage(await file(name), { onProgress }).catch(plain);
    return { first, second: await hasher.hashImage(await file(name)) };
  },
  video: async (name, options) => hasher.hashVideo(await file(name), options),
  start: async () => hasher.start(),
  pixels: async (width, height, channels, rounds) => {
    const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7919) >> 5);
    const from = performance.now();
    let found;
    for (let i = 0; i < rounds; i++) found = await hasher.hashPixels({ data, width, height, channels });
    return { ...found, milliseconds: (performance.now() - from) / rounds };
  },
  abort: async (name) => {
    const controller = new AbortController();
    const work = hasher.hashImage(await file(name), { signal: controller.signal, onProgress: () => controller.abort() });
    const first = await work.catch(plain);
    return { first, second: await hasher.hashImage(await file(name)) };
  },
  close: async (name) => {
    const other = new Hasher();
    const work = other.hashImage(await file(name), { onProgress: () => other.close() });
    return { open: await work.catch(plain), closed: await other.hashImage(await file(name)).catch(plain) };
  },
};
window.call = async (name, ...values) => {
  try {
    return await calls[name](...values);
  } catch (error) {
    return plain(error);
  }
};
window.answer = "";
window.begin = (text) => {
  window.answer = "";
  void window.call(...JSON.parse(text)).then((value) => (window.answer = JSON.stringify(value)));
};
document.title = "ready";
`;

function read(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

export class Site {
  readonly #server: Server;
  readonly #folder: string | undefined;
  readonly #files = new Map<string, Uint8Array>();
  /** The paths that were requested. */
  readonly requests: string[] = [];

  private constructor(policy: string, folder: string | undefined) {
    this.#folder = folder;
    this.#server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://localhost").pathname;
      this.requests.push(`${request.method} ${path}`);
      const found = this.#find(path);
      response.writeHead(found === undefined ? 404 : 200, {
        "content-type": types[extname(path)] ?? (path === "/" ? types[".html"] : "application/octet-stream"),
        "content-security-policy": policy,
        "cache-control": "no-store",
      });
      response.end(found);
    });
  }

  /** @param folder a site that was built, in the place of the page of the tests. */
  static async start(policy: string = usualPolicy, folder?: string): Promise<Site> {
    const site = new Site(policy, folder);
    await new Promise<void>((resolve) => site.#server.listen(0, "127.0.0.1", resolve));
    return site;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Offers bytes below /files/. */
  put(name: string, bytes: Uint8Array): void {
    this.#files.set(name, bytes);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #find(path: string): Uint8Array | string | undefined {
    if (path.startsWith("/files/")) return this.#files.get(path.slice("/files/".length));
    if (this.#folder !== undefined) return read(join(this.#folder, normalize(path === "/" ? "/index.html" : path)));
    if (path === "/") return page;
    if (path === "/test.js") return script;
    return path.startsWith("/package/") ? read(join(root, "packages/browser", normalize(path.slice(8)))) : undefined;
  }
}
