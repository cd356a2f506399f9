/**
 * Images in a JPEG file that its writer declares to be no image of their own: thumbnails of the first image, gain maps,
 * depth maps. A viewer does not show them.
 */
import { TiffReader } from "../formats/tiff-directory.js";
import { partsOf } from "../formats/jpeg/structure.js";

const app1 = 0xe1;
const app2 = 0xe2;

const startsWith = (payload: Uint8Array, text: string): boolean =>
  Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, text.length)).toString("latin1") === text;

/** The table of an MPO (CIPA DC-007) and the types in it. */
const tableTag = 0xb002;
const entryBytes = 16;
const isAuxiliaryType = (type: number): boolean => type >> 16 === 1 || type === 0x050000;

/**
 * Returns where the images begin that the table of an MPO calls thumbnails or gain maps. A table that
 * cannot be followed declares nothing.
 */
export function declaredAuxiliary(jpeg: Uint8Array): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { marker, payload, data } of partsOf(jpeg)) {
    if (data !== undefined) break;
    if (marker !== app2 || !startsWith(payload, "MPF\0")) continue;
    const header = payload.subarray(4);
    const headerAt = header.byteOffset - jpeg.byteOffset;
    try {
      const table = new TiffReader(header).directory(0).get(tableTag);
      if (table === undefined || table.at + table.count > header.length) break;
      const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
      const little = header[0] === 0x49;
      for (let at = table.at; at + entryBytes <= table.at + table.count; at += entryBytes) {
        const type = view.getUint32(at, little) & 0xffffff;
        if (isAuxiliaryType(type)) found.add(headerAt + view.getUint32(at + 8, little));
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    break;
  }
  return found;
}

/** What XMP says of a gain map (Adobe, Apple) and of the auxiliary images of Apple, among them depth maps. */
const auxiliaryXmp = /hdrgm:Version|HDRGainMap:HDRGainMapVersion|:AuxiliaryImageType/;
/** With this the data of a gain map begin (ISO 21496-1). */
const gainMapMark = "urn:iso:std:iso:ts:21496:-1";

/** Returns whether a JPEG that follows another one says of itself that it is a gain map or a depth map. */
export function saysAuxiliary(jpeg: Uint8Array): boolean {
  for (const { marker, payload, data } of partsOf(jpeg)) {
    if (data !== undefined) return false;
    if (marker === app2 && startsWith(payload, gainMapMark)) return true;
    if (marker !== app1 || !startsWith(payload, "http://ns.adobe.com/xap/1.0/\0")) continue;
    if (auxiliaryXmp.test(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("latin1")))
      return true;
  }
  return false;
}
