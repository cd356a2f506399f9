import { bytes } from "../check.js";
import { formats, type ListFormat, listFormats } from "./formats/index.js";
import { Head } from "./head.js";

/** Recognizes the format of a list that begins so. */
export function formatOf(head: Head): ListFormat | undefined {
  const sniffed = listFormats.map((name) => [name, formats[name].sniff(head)] as const);
  const best = sniffed.find(([, is]) => is === "certain") ?? sniffed.find(([, is]) => is === "possible");
  return best?.[0];
}

/**
 * Recognizes the format of a list by its content.
 *
 * @param head the first bytes of the list. 65,536 are enough; more are not looked at.
 * @returns the format, or undefined for one that is not known. A CSV that needs `columns` is not known.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the head is no `Uint8Array`.
 *
 * @example
 * sniffList(Buffer.from("f8f8f0cc…,case 7\n")); // "plain"
 */
export function sniffList(head: Uint8Array): ListFormat | undefined {
  return formatOf(new Head(bytes("head", head)));
}
