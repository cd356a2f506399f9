import { boolean, checkOptions, invalidArgument } from "../check.js";
import { hashToHex } from "../hash/value.js";
import { cropMetadata, isCropLine } from "../lists/crops.js";
import { metadataCell } from "../lists/formats/plain.js";
import type { CropHashes } from "./crop-hashes.js";

/**
 * Returns the lines of a list for an original, `hash,metadata`, which any tool that knows PDQ reads. With `crops` the
 * lines of its crops follow, with `;crop=NAME` after the metadata. `HashList.searchImage`, `openList` and a bank treat
 * them as crops of the last line before them that is not a crop.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for metadata with a line break or the mark of a crop
 *
 * @example
 * const hashes = await hashWithCrops("original.jpg");
 * await writeFile("list.csv", `${cropListLines(hashes, "case 7", { crops: true }).join("\n")}\n`);
 */
export function cropListLines(hashes: CropHashes, metadata: string, options?: { crops?: boolean }): string[] {
  const { crops = false } = checkOptions(options, ["crops"]);
  if (typeof metadata !== "string" || /[\r\n]/.test(metadata) || isCropLine(metadata)) {
    throw invalidArgument("metadata", "one line of text without the mark of a crop", metadata);
  }
  const line = (hash: string, text: string): string => `${hashToHex(hash)},${metadataCell(text)}`;
  const marked = boolean("crops", crops) ? hashes.crops : [];
  return [line(hashes.hash, metadata), ...marked.map(({ hash, name }) => line(hash, cropMetadata(metadata, name)))];
}
