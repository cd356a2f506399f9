/**
 * The store of known signals: banks, withdrawals, decisions.
 * @module empreinte/bank
 */
export { type BankOpenOptions, BankStore } from "../bank/store.js";
export { type Removal } from "../bank/removal/withdraw.js";
export { type AuditAction, type AuditOptions, type AuditRecord } from "../bank/inspect/audit.js";
export { type BenignPicture, type ScreenOptions } from "../bank/import/screen.js";
export { type Entries, type EntryProblem, type ImportOptions } from "../bank/import/import.js";
export { type ImportCounts } from "../bank/import/counts.js";
export { type EntryInput, type SignalInput } from "../bank/import/records.js";
export { type Change, type EntryInfo } from "../bank/inspect/contents.js";
export { type ChangeKind, type EntryStatus, type SourceName } from "../bank/storage/names.js";
export { type EntryFilter, type SourceInfo } from "../bank/inspect/listing.js";
export { type EntryName, type EntryNumber, type Selection } from "../bank/removal/selection.js";
export { type SignalType } from "../bank/storage/signals.js";
export { type Label, type LabelLike } from "../bank/storage/labels.js";
export { type Action, type Bank, type FloodLimit, type NewBank, type Policy } from "../bank/decision/policy.js";
export { type Decision, type DecisionMatch } from "../bank/decision/decide.js";
export { type CheckedQuery, type CheckQuery, type QueryCopy } from "../bank/decision/query.js";
export { type CheckCopiesOptions, type Explanation, Matcher, type MatcherOptions } from "../bank/matcher.js";
export {
  type Prequalification,
  type Qualification,
  type QualificationOutcome,
  type QualifyInput,
} from "../bank/decision/qualify.js";
export { type CheckImageOptions } from "../bank/decision/upload.js";
