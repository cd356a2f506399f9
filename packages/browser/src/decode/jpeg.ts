/** JPEG, decoded in the core. Grey stays grey, and neither EXIF orientation nor colour profile is applied. */
import type { CoreExports } from "../core/module.js";
import { type PlacedPixels, place } from "../core/hash.js";
import { damaged, HashError, noMemory, unsupported } from "../errors.js";
import { checkSides } from "./decoded.js";

/** An error for each jpeg::Fault of bindings/wasm/jpeg/frame.h, from 1. */
const faults: readonly (() => HashError)[] = [
  () => damaged("it does not begin as a JPEG"),
  () => damaged("its header is damaged"),
  () => unsupported("a JPEG of a kind that is seldom used (lossless, arithmetic, 12 bits or unusual components)"),
  () => damaged("its data end early"),
  () => damaged("its data contain an invalid code"),
  () => damaged("its last scans are missing"),
  () => new HashError("ERR_EMPREINTE_LIMIT", "The JPEG has more than 100 scans, the most that a JPEG may have."),
  noMemory,
];

function read(core: CoreExports, at: number, size: number, all: boolean): Uint32Array {
  const fault = core.jpeg_read(at, size, all ? 1 : 0);
  if (fault !== 0) throw faults[fault - 1]?.() ?? damaged("its decoder failed");
  return new Uint32Array(core.memory.buffer, core.jpeg_found(), 4);
}

/** Decodes a JPEG into the core's memory. */
export function decodeJpeg(core: CoreExports, bytes: Uint8Array, maxPixels: number): PlacedPixels {
  const file = place(core, bytes);
  const [across = 0, down = 0] = read(core, file, bytes.length, false);
  checkSides(across, down, maxPixels);
  const [width = 0, height = 0, channels = 0, at = 0] = read(core, file, bytes.length, true);
  return { at, width, height, channels: channels === 1 ? 1 : 3 };
}
