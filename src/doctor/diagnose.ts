import { availableParallelism, cpus } from "node:os";
import { kernelName } from "../hash/pixels.js";
import { decoderVersions } from "../image/decoder.js";
import { native } from "../native/load.js";
import { type Ffmpeg, findFfmpeg } from "../video/ffmpeg/find-ffmpeg.js";
import { type Check, selfTest } from "./self-test.js";
import { version } from "./version.js";

/** One implementation of the core's inner loops. All give the same bits. */
export interface Kernel {
  name: string;
  /** What it needs of a processor, for people. */
  instructions: string;
  /** Whether this processor has that. */
  supported: boolean;
}

/** What a machine has, and whether everything works there. */
export interface Report {
  /** Of empreinte. */
  version: string;
  node: { version: string; napi: string };
  /** Operating system and processor architecture: `"linux-x64"`. */
  platform: string;
  cpu: { model: string; threads: number };
  /** Best first. */
  kernels: Kernel[];
  /** The one in use; absent when `EMPREINTE_KERNEL` names one that does not run here. */
  kernel?: string;
  sharp: string;
  libvips: string;
  /** The image formats that are read. */
  formats: string[];
  /** Absent when there is none, which is no fault: pictures do not need it. */
  ffmpeg?: Ffmpeg;
  checks: Check[];
  ok: boolean;
  /** What is wrong, a sentence each. */
  faults: string[];
}

/** All of these are promised; a libvips of one's own may lack some. */
const hashedFormats = ["jpeg", "png", "gif", "webp", "tiff", "avif"];

/** Looks at this machine and tests the package against embedded known answers; takes about a second. Does not reject. */
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
  const kernels = native.kernels();
  const able = kernels.filter((kernel) => kernel.supported).map((kernel) => kernel.name);
  const kernel = await attempt(() => kernelName(undefined) ?? able[0]);
  const ffmpeg = await attempt(() => findFfmpeg());
  const decoder = decoderVersions();
  for (const format of hashedFormats) {
    if (!decoder.formats.includes(format)) faults.push(`sharp was built without ${format}`);
  }
  const checks = await selfTest(able);
  for (const { name, fault } of checks) if (fault !== undefined) faults.push(`${name}: ${fault}`);
  return {
    version,
    node: { version: process.versions.node, napi: process.versions["napi"] ?? "unknown" },
    platform: `${process.platform}-${process.arch}`,
    cpu: { model: cpus()[0]?.model.trim() ?? "unknown", threads: availableParallelism() },
    kernels,
    ...(kernel !== undefined && { kernel }),
    ...decoder,
    ...(ffmpeg && { ffmpeg }),
    checks,
    ok: faults.length === 0,
    faults,
  };
}
