/**
 * Read, convert and write lists of known hashes.
 * @module empreinte/lists
 */
export {
  type ListEntry,
  readHashList,
  type ReadHashListOptions,
  type ReadListOptions,
} from "../lists/read-hash-list.js";
export { type ListForm, type ListProblem } from "../lists/batches.js";
export { type ListSource } from "../lists/source.js";
export { EntryList, openList, type OpenListOptions } from "../lists/open-list.js";
export { convertList, type ConvertListOptions, ListConversion } from "../lists/convert-list.js";
export { ListWriter, type ListWriterOptions, type WrittenFormat } from "../lists/write-list.js";
export { type ListFormat, sniffList } from "../lists/sniff-list.js";
export { type Column, type ColumnMap } from "../lists/formats/columns.js";
export {
  type EntryFault,
  type ListedEntry,
  type ListedSignal,
  type ListedType,
  type ListItem,
  type ListLabel,
  type ListPage,
  type ListPosition,
  type OtherSignal,
} from "../lists/entry.js";
export { cropListLines } from "../copies/crop-hashes.js";
