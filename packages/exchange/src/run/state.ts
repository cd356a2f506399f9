/** What a source's import cursor has: where to go on, and what it was when it was written. */
import type { Position } from "../clients/client.js";
import { ExchangeError } from "../errors.js";

export interface SourceState extends Omit<Position, "expired"> {
  version: 1;
  /** When the last checkpoint was reached, in milliseconds since 1970. */
  checkpointAt?: number;
  /** When the resume token was given. */
  resumeAt?: number;
  /** The id of the whole list that is being fetched. */
  wholeList?: string;
  /** Whether that list has named an entry so far. One that names nothing ends nothing. */
  named?: true;
}

export const noState: SourceState = { version: 1 };

export const stateText = (state: SourceState): string => JSON.stringify(state);

/** Reads a cursor. @throws {ExchangeError} for one that another program wrote. */
export function parseState(cursor: string | undefined): SourceState {
  if (cursor === undefined) return noState;
  try {
    const state = JSON.parse(cursor) as SourceState;
    if (typeof state === "object" && state !== null && state.version === 1) return state;
  } catch {
    // Below.
  }
  const text = "The source has an import cursor that no exchange wrote; it was filled by another import";
  throw new ExchangeError("ERR_EMPREINTE_EXCHANGE_POSITION", text);
}
