/**
 * The store of known signals: banks, withdrawals, decisions.
 * @module empreinte/bank
 */
export { BankStore } from "../bank/store.js";
export { type StoreHistory } from "../bank/history/store-history.js";
export { type Removal } from "../bank/removal/withdraw.js";
export { type StorePosition } from "../bank/history/tables.js";
export { type ImportOptions } from "../bank/import/import.js";
export { type ImportCounts } from "../bank/import/counts.js";
export { type EntryInput } from "../bank/import/records.js";
export { type Change, type EntryInfo } from "../bank/inspect/contents.js";
export { type SourceName } from "../bank/storage/names.js";
export { type EntryFilter } from "../bank/inspect/listing.js";
export { type EntryName, type EntryNumber, type Selection } from "../bank/removal/selection.js";
export { type Action, type Bank, type NewBank, type Policy } from "../bank/decision/policy.js";
export { type Decision } from "../bank/decision/decide.js";
export { type DecisionMatch } from "../bank/decision/match.js";
export { type CheckQuery } from "../bank/decision/query.js";
export { type CheckImageOptions, Matcher } from "../bank/matcher.js";
export { type BankMatch } from "../bank/decision/search-entries.js";
export { type Prequalification, type Qualification, type QualifyInput } from "../bank/decision/qualify.js";
