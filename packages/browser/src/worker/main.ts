/** The worker: it holds the core and the decoders, and hashes one file at a time. */
import { startCore, type CoreExports, hasSimd } from "../core/module.js";
import { hashRaw } from "../core/hash.js";
import { selfTest } from "../check/self-test.js";
import { type Decoders, hashFile } from "../decode/hash-file.js";
import type { HeifExports } from "../decode/heif-library.js";
import { damaged, HashError, isHashError, noMemory } from "../errors.js";
import type { hashVideoFile } from "../video/hash-video.js";
import type { Answer, Places, Reply, Request, Task } from "./messages.js";

/** The file that hashes videos, which is loaded by its place. */
interface VideoModule {
  hashVideoFile: typeof hashVideoFile;
}

/** Bytes of memory from which on the worker is replaced before the next file. */
const heavyBytes = 2 ** 28;

async function load(url: string): Promise<ArrayBuffer> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new HashError("ERR_EMPREINTE_BROWSER", "A part of the hashing program could not be loaded.", { cause });
  }
  if (response.ok) return response.arrayBuffer();
  const text = `A part of the hashing program could not be loaded (status ${response.status}).`;
  throw new HashError("ERR_EMPREINTE_BROWSER", text);
}

/** Loads a module of this package by its place, which no bundler changes. */
async function loadModule<T>(url: string): Promise<T> {
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ url)) as T;
  } catch (cause) {
    throw new HashError("ERR_EMPREINTE_BROWSER", "A part of the hashing program could not be loaded.", { cause });
  }
}

function decodersOf(places: Places): Decoders {
  return {
    libwebp: () => load(places.libwebp),
    libheif: async () => (await loadModule<{ default: () => HeifExports }>(places.libheif)).default(),
  };
}

class Hasher {
  readonly core: CoreExports;
  readonly decoders: Decoders;
  readonly places: Places;
  readonly simd: boolean;

  constructor(core: CoreExports, decoders: Decoders, places: Places, simd: boolean) {
    this.core = core;
    this.decoders = decoders;
    this.places = places;
    this.simd = simd;
  }

  static async start(places: Places): Promise<Hasher> {
    if (typeof WebAssembly !== "object") {
      const text = "WebAssembly is switched off in this browser, so it cannot compute hashes. Use another browser.";
      throw new HashError("ERR_EMPREINTE_BROWSER", text);
    }
    const simd = hasSimd();
    const core = await startCore(await load(simd ? places.simd : places.plain));
    const decoders = decodersOf(places);
    await selfTest(core, decoders);
    return new Hasher(core, decoders, places, simd);
  }
}

async function read(file: Blob, maxBytes: number): Promise<Uint8Array> {
  if (file.size > maxBytes) {
    const text = `The file has ${file.size} bytes, more than the ${maxBytes} that are read.`;
    throw new HashError("ERR_EMPREINTE_LIMIT", text);
  }
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    const text = "The file could not be read. It was changed or moved after it was chosen: choose it again.";
    throw new HashError("ERR_EMPREINTE_READ", text, { cause });
  }
}

/** Takes a lock, which nothing but the end of this worker gives back. Without HTTPS a browser has no locks. */
async function holdForLife(name: string): Promise<void> {
  const { locks } = navigator as Partial<Navigator>;
  if (locks === undefined) return;
  await new Promise<void>((resolve) => {
    void locks.request(name, () => {
      resolve();
      return new Promise(() => {});
    });
  });
}

let hasher: Promise<Hasher> | undefined;

async function run(task: Task, progress: (share: number) => void): Promise<Answer> {
  if (task.kind === "start") {
    await holdForLife(task.life);
    hasher = Hasher.start(task.places);
    return { simd: (await hasher).simd };
  }
  if (hasher === undefined) throw new HashError("ERR_EMPREINTE_CLOSED", "The worker was not started.");
  const { core, decoders, places } = await hasher;
  const { kind } = task;
  if (kind === "pixels") return hashRaw(core, task.pixels, { orientations: task.orientations });
  if (kind === "image") {
    const bytes = await read(task.file, task.settings.maxBytes);
    progress(0.5);
    return hashFile(core, bytes, task.settings, decoders);
  }
  const video = await loadModule<VideoModule>(places.video);
  return video.hashVideoFile(core, task.file, task.settings, progress);
}

/** Makes an error of this package of anything that was thrown, and says whether the core can still be used. */
function failureOf(error: unknown): { failed: HashError; broken: boolean } {
  if (isHashError(error)) return { failed: error, broken: false };
  if (error instanceof RangeError) return { failed: noMemory(), broken: true };
  return { failed: damaged("its decoder failed"), broken: true };
}

/** What is used of the scope of a worker. */
interface WorkerScope {
  postMessage(message: Reply): void;
  addEventListener(type: "message", listener: (event: MessageEvent<Request>) => void): void;
}
const scope = globalThis as unknown as WorkerScope;
const say = (reply: Reply): void => scope.postMessage(reply);

scope.addEventListener("message", ({ data }) => {
  const { id, task } = data;
  void (async () => {
    try {
      const answer = await run(task, (progress) => say({ id, progress }));
      const heavy = hasher !== undefined && (await hasher).core.memory.buffer.byteLength > heavyBytes;
      say({ id, answer, heavy });
    } catch (error) {
      const { failed, broken } = failureOf(error);
      say({ id, failed: { code: failed.code, message: failed.message }, broken });
    }
  })();
});
