import { hasZeros } from "../../checks/holes.js";
import { partsOf } from "./structure.js";

/** Whether there is a hole of zeros behind the header of the first scan, which may be in its data. */
export function hasHole(bytes: Uint8Array): boolean {
  for (const { payload, data } of partsOf(bytes)) {
    if (data !== undefined) return hasZeros(bytes, payload.byteOffset - bytes.byteOffset + payload.length);
  }
  return false;
}
