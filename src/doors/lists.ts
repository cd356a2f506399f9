/**
 * Read, convert and write lists of known hashes.
 * @module empreinte/lists
 */
export { openList, type OpenListOptions } from "../lists/open-list.js";
export type { EntryList } from "../lists/entry-list.js";
export { sniffList } from "../lists/sniff-list.js";
export { convertList } from "../lists/convert-list.js";
export { ListWriter } from "../lists/write-list.js";
export { type ListFormat, type WrittenFormat } from "../lists/formats/index.js";
export { type ListInput } from "../lists/input.js";
export { type ColumnMap } from "../lists/columns.js";
export { type Label, type ListEntry, type ListProblem, type Signal, type SignalType } from "../lists/entry.js";
export { cropListLines } from "../copies/crop-lines.js";
