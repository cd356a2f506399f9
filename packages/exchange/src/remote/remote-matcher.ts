/** Matchers elsewhere: they say whether they know an upload. Their lists are not here. */
import type { Action } from "empreinte/bank";

/** What a matcher elsewhere is queried for. */
export interface RemoteQuery {
  /** The hashes of the image in its orientations: 64 hex digits each. None where the image has no usable hash. */
  hashes: readonly string[];
  /** The file, for a matcher that takes it. */
  file?: { bytes: Uint8Array; type: string };
}

/** What a matcher elsewhere found. */
export interface RemoteFinding {
  /** `"exact"`: the same bytes, or the same hash. */
  kind: "exact" | "near";
  /** What the content is, in the matcher's own words. */
  label: string;
  /** Set where the label is one that this package does not know. */
  unknown?: true;
}

/** A finding that counts in a decision. */
export interface RemoteMatch extends RemoteFinding {
  /** The name of the matcher. */
  source: string;
  /** What the match asks for. */
  action: Action;
}

/** A matcher elsewhere. */
export interface RemoteMatcher {
  /** How decisions and errors call it. */
  readonly name: string;
  /** What it gets of an upload: only hashes, or the file. */
  readonly sends: "hashes" | "file";
  /**
   * Asks once. Every hash or the file has an answer when it resolves.
   * @throws {ExchangeError} `ERR_EMPREINTE_EXCHANGE_UNAVAILABLE` where another try may help; any other is final. It
   * also rejects with the reason of the signal.
   */
  find(query: RemoteQuery, signal: AbortSignal): Promise<RemoteFinding[]>;
  /** Ends all connections. */
  close(): Promise<void>;
}
