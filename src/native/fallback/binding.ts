/**
 * Takes the place of the addon on a platform that none fits: hashing, and indexes in memory. Everything else is refused
 * with an error that names it.
 */
import { EmpreinteError } from "../../errors.js";
import type { NativeBinding } from "../binding.js";
import type { Core } from "./core.js";
import { Cancel } from "./handles.js";
import { FallbackHash } from "./hash.js";
import { fallbackSearch } from "./search.js";

/** What needs the addon, by the beginnings of the names of its functions, as the subject of a sentence. */
const subjects: readonly [beginning: string, subject: string][] = [
  ["openIndex", "Opening an index file"],
  ["index", "Saving or checking an index file"],
  ["lockFolder", "Saving an index file"],
  ["list", "Reading plain lists"],
  ["createList", "Reading plain lists"],
  ["shrink", "Reducing an image"],
  ["local", "Searching local points"],
  ["createLocal", "Searching local points"],
  ["verifyLocal", "Searching local points"],
  ["alignVideos", "Comparing videos"],
];
const views = "Searching for altered copies and crops";

/** Frees the memory of an array now, unless it is only a smaller part of it. */
function release(bytes: Uint8Array): void {
  if (2 * bytes.length < bytes.buffer.byteLength || bytes.length === 0) return;
  try {
    structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
  } catch {
    // Memory of WebAssembly, or shared memory: it stays until nothing uses it.
  }
}

/**
 * @param reason why there is no addon, and what to do about it, as sentences.
 */
export function fallbackBinding(core: Core, reason: string): NativeBinding {
  const hash = new FallbackHash(core);
  const known: Partial<NativeBinding> = {
    ...fallbackSearch,
    kernels: hash.kernels,
    hashSync: hash.hashSync,
    hash: hash.hash,
    parseHash: hash.parseHash,
    distance: hash.distance,
    trivialReason: hash.trivialReason,
    expandLuma: hash.expandLuma,
    createCancel: () => Cancel.make(),
    cancel: (token) => {
      Cancel.of(token).cancelled = true;
    },
    release,
    allocatorState: () => ({ allocator: "other", tuned: false }),
    tuneAllocator: () => false,
    shareArena: () => [],
    trimAllocator: async () => {},
    // As on a system that confines nothing: the limits kill a child all the same.
    confineNextChild: () => {},
    enteredConfinement: () => 0,
    openOutputs: () => undefined,
  };
  return new Proxy(known as NativeBinding, {
    get(target, name) {
      const value = target[name as keyof NativeBinding] as unknown;
      if (value !== undefined || typeof name !== "string") return value;
      return () => {
        const subject = subjects.find(([beginning]) => name.startsWith(beginning))?.[1] ?? views;
        throw new EmpreinteError("ERR_EMPREINTE_NATIVE_LOAD", `${subject} needs the native addon. ${reason}`);
      };
    },
  });
}
