import { availableParallelism, cpus } from "node:os";
import { kernelName } from "../native/kernel.js";
import { decoderVersions } from "../image/decode/decoder.js";
import { confinedDecoder } from "../image/isolation/pool.js";
import { limitedTo, native } from "../native/load.js";
import { loadPackage } from "../packages.js";
import type { Confined } from "../processes/confinement.js";
import { type Ffmpeg, findFfmpeg } from "../video/ffmpeg/find-ffmpeg.js";
import { type Check, selfTest } from "./self-test.js";
import { version } from "./version.js";

/** An implementation of the core's inner loops for one instruction set. All kernels compute the same bits. */
export interface Kernel {
  /** The name that `EMPREINTE_KERNEL` and the option `kernel` take. */
  name: string;
  /** The instruction sets that it needs, as text for people. */
  instructions: string;
  /** Whether this processor has those instruction sets. */
  supported: boolean;
}

/** What this machine has, and whether everything works on it. */
export interface Report {
  /** The version of empreinte. */
  version: string;
  /** The versions of Node.js and its Node-API. */
  node: { version: string; napi: string };
  /** The operating system and processor architecture, for instance `"linux-x64"`. */
  platform: string;
  /** The processor, and how many threads this process may use. */
  cpu: { model: string; threads: number };
  /** Whose `malloc` this process uses, and whether `tuneProcess` has set it. */
  memory: { allocator: "glibc" | "other"; tuned: boolean };
  /** What computes: the native addon, or WebAssembly where none fits this platform. That is a fault. */
  core: "addon" | "wasm";
  /** All kernels of this build, the best one first. */
  kernels: Kernel[];
  /** The name of the kernel in use. Absent when `EMPREINTE_KERNEL` names one that does not run here. */
  kernel?: string;
  /** The version of sharp, or "missing". */
  sharp: string;
  /** The version of libvips that sharp uses. */
  libvips: string;
  /** The image formats that are read. */
  formats: string[];
  /**
   * The optional packages that decode HEIC, JPEG XL and JPEG 2000. One without a version is not installed, which is no
   * fault.
   */
  decoders: { name: string; formats: string[]; version?: string }[];
  /** The ffmpeg that videos are decoded with. Absent when none is found, which is no fault: images do not need it. */
  ffmpeg?: Ffmpeg;
  /**
   * Which parts of its confinement the operating system enforces on a process that decodes images, with
   * `isolation: "process"`. Outside of Linux it is none, which is no fault. Absent when such a process does not start.
   */
  isolation?: Confined;
  /** The checks of the self-test. */
  checks: Check[];
  /** True when `faults` is empty. */
  ok: boolean;
  /** Everything that is wrong, one sentence for each fault. */
  faults: string[];
}

/** The formats that this package promises. A custom build of libvips may lack some. */
const hashedFormats = ["jpeg", "png", "gif", "webp", "tiff", "avif"];

/**
 * Inspects this machine and tests the package against embedded known answers, in about a second. Does not reject:
 * whatever goes wrong is a sentence in `faults`.
 *
 * @example
 * const { ok, faults } = await diagnose();
 * if (!ok) console.error(faults.join("\n"));
 */
export async function diagnose(): Promise<Report> {
  const faults: string[] = [];
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  if (limitedTo !== undefined) faults.push(limitedTo);
  const kernels = native.kernels();
  const able = kernels.filter((kernel) => kernel.supported).map((kernel) => kernel.name);
  const kernel = await attempt(() => kernelName(undefined) ?? able[0]);
  const ffmpeg = await attempt(() => findFfmpeg());
  const decoder = await attempt(decoderVersions);
  for (const format of decoder === undefined ? [] : hashedFormats) {
    if (!decoder!.formats.includes(format)) faults.push(`sharp was built without ${format}`);
  }
  const isolation = decoder && (await attempt(confinedDecoder));
  await attempt(() => loadPackage("libsql", "stores banks"));
  const checks = await selfTest(able);
  for (const { name, fault } of checks) if (fault !== undefined) faults.push(`${name}: ${fault}`);
  return {
    version,
    /** The versions of Node.js and its Node-API. */
    node: { version: process.versions.node, napi: process.versions["napi"] ?? "unknown" },
    platform: `${process.platform}-${process.arch}`,
    /** The processor, and how many threads this process may use. */
    cpu: { model: cpus()[0]?.model.trim() ?? "unknown", threads: availableParallelism() },
    memory: native.allocatorState(),
    core: limitedTo === undefined ? "addon" : "wasm",
    kernels,
    ...(kernel !== undefined && { kernel }),
    ...(decoder ?? { sharp: "missing", libvips: "missing", formats: [], decoders: [] }),
    ...(ffmpeg && { ffmpeg }),
    ...(isolation && { isolation }),
    checks,
    ok: faults.length === 0,
    faults,
  };
}
