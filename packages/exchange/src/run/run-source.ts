/** One run of one source: page by page, each with its position in one transaction. */
import { randomUUID } from "node:crypto";
import type { BankStore, EntryInput, SourceName } from "empreinte/bank";
import type { ExchangeClient, ExchangePage, PageEnd, PageNote, Position } from "../clients/client.js";
import { type Environment, systemEnvironment } from "../environment.js";
import { badPage, codeOf, ExchangeError, sentence } from "../errors.js";
import { pauseBefore, type RetryOptions } from "../http/retry.js";
import { takeLock } from "./lock.js";
import { Notes } from "./notes.js";
import { checkUnlisted } from "./shrinkage.js";
import { parseState, type SourceState, stateText } from "./state.js";
import { addDelay, readStatus, shrunkCode, type SourceStatus, writeStatus } from "./status.js";

export interface RunOptions {
  /** Ends the run between two pages. It then resolves. */
  stop?: AbortSignal;
  environment?: Environment;
  /** How often and how patiently a page is fetched again that cannot be read. Default 3 tries. */
  retry?: RetryOptions;
  /** Fetches everything anew and ends what is gone, as for a source that is stale. */
  whole?: boolean;
  /** Called after each page. */
  onPage?: (status: Readonly<SourceStatus>) => void;
  onNote?: (note: PageNote) => void;
}

/** The result of one run. */
export interface RunResult {
  status: SourceStatus;
  /** Whether it reached the end of what the exchange has. */
  complete: boolean;
}

const day = 24 * 3600 * 1000;
const mostNotes = 32;
/** Milliseconds between two writings of the status during a run: each costs as much as the position of a page. */
const statusPause = 5000;

/**
 * Fetches what a source has new. A page, the withdrawals in it and the position after it are one transaction: a process
 * that is killed skips nothing, and what it repeats changes nothing.
 * @throws {ExchangeError} after all tries. What the pages before gave is kept, and the status says since when the
 * source fails.
 */
export async function runSource(
  store: BankStore,
  from: SourceName,
  client: ExchangeClient,
  options: RunOptions = {},
): Promise<RunResult> {
  const { environment = systemEnvironment } = options;
  const lock = takeLock(store, from, environment);
  const run = new Run(store, from, client, options, environment, lock.lost);
  try {
    return await run.all();
  } finally {
    lock.release();
  }
}

class Run {
  readonly #store: BankStore;
  readonly #from: SourceName;
  readonly #client: ExchangeClient;
  readonly #options: RunOptions;
  readonly #environment: Environment;
  readonly #lost: AbortSignal;
  readonly #status: SourceStatus;
  #state: SourceState;
  /** Whether the whole list that is being fetched has named an entry, in this run or before. */
  #sawEntries: boolean;
  /** Whether the exchange refused the position of this run once. */
  #refused = false;
  /** When the status was last written. */
  #writtenAt = 0;

  constructor(
    store: BankStore,
    from: SourceName,
    client: ExchangeClient,
    options: RunOptions,
    environment: Environment,
    lost: AbortSignal,
  ) {
    this.#store = store;
    this.#from = from;
    this.#client = client;
    this.#options = options;
    this.#environment = environment;
    this.#lost = lost;
    this.#status = readStatus(store, from);
    const known = store.sources().some(({ bank, source }) => bank === from.bank && source === from.source);
    this.#state = parseState(known ? store.importCursor(from) : undefined);
    this.#sawEntries = this.#state.named === true;
  }

  async all(): Promise<RunResult> {
    const status = this.#status;
    status.startedAt = this.#environment.now();
    try {
      this.#begin();
      let complete = false;
      while (!complete && !this.#options.stop?.aborted) {
        complete = await this.#page();
        this.#options.onPage?.(status);
      }
      await this.#store.saveIndex();
      if (complete) {
        status.completeAt = this.#environment.now();
        delete status.failure;
      }
      return { status, complete };
    } catch (error) {
      const { since, runs } = status.failure ?? {
        since: this.#environment.now(),
        runs: 0,
      };
      status.failure = {
        since,
        runs: runs + 1,
        code: codeOf(error),
        reason: sentence(error),
      };
      throw error;
    } finally {
      status.endedAt = this.#environment.now();
      writeStatus(this.#store, this.#from, status);
    }
  }

  /** Begins a whole list where the exchange has forgotten what it withdrew. */
  #begin(): void {
    const { staleDays, wholeLists } = this.#client;
    const { checkpointAt, wholeList } = this.#state;
    if (wholeList !== undefined) return;
    if (wholeLists) {
      const { checkpoint, ...rest } = this.#state;
      // The checkpoint of such a source only says whether the list is as it was.
      this.#state = {
        ...rest,
        ...(checkpoint && !this.#options.whole && { checkpoint }),
        wholeList: randomUUID(),
      };
      return;
    }
    const age = this.#environment.now() - (checkpointAt ?? this.#environment.now());
    const stale = staleDays !== undefined && age > staleDays * day;
    if (stale)
      this.#note({
        kind: "stale",
        reason: `no checkpoint for ${Math.floor(age / day)} days; everything is fetched anew`,
      });
    // Without a checkpoint it is the first fetch, and there is nothing to end.
    if (stale || this.#options.whole) this.#beginAnew();
  }

  /** Fetches everything from the beginning. What the source has no longer ends when that is complete. */
  #beginAnew(): void {
    this.#state = { version: 1, wholeList: randomUUID() };
    this.#sawEntries = false;
  }

  /** Lets the next run read the list from its beginning, which may have been mended by then. */
  async #forgetList(): Promise<void> {
    const { checkpoint } = this.#state;
    this.#beginAnew();
    if (this.#client.wholeLists) this.#state = { version: 1, ...(checkpoint !== undefined && { checkpoint }) };
    await this.#store.import(this.#from, [], { importCursor: stateText(this.#state), saveIndex: false });
  }

  /** Takes one page, again where it cannot be read. Returns whether it was the last. */
  async #page(): Promise<boolean> {
    const { retry = {}, stop } = this.#options;
    for (let failures = 1; ; failures++) {
      this.#lost.throwIfAborted();
      try {
        return await this.#once();
      } catch (error) {
        this.#lost.throwIfAborted();
        const code = codeOf(error);
        if (this.#state.wholeList !== undefined && code === "ERR_EMPREINTE_UNKNOWN_NAME" && failures === 1) {
          // The store was copied or restored since the list began.
          this.#beginAnew();
          continue;
        }
        if (code === "ERR_EMPREINTE_EXCHANGE_HISTORY" && !this.#refused) {
          this.#refused = true;
          this.#note({ kind: "stale", reason: `${sentence(error)}; everything is fetched anew` });
          this.#beginAnew();
          continue;
        }
        if (code === shrunkCode) await this.#forgetList();
        const again = code === "ERR_EMPREINTE_EXCHANGE_PAGE" || code.startsWith("ERR_EMPREINTE_FETCH_");
        if (!again || failures >= (retry.tries ?? 3) || stop?.aborted) throw unavailable(error);
        await this.#environment.sleep(pauseBefore(failures, undefined, retry, this.#environment), this.#lost);
      }
    }
  }

  async #once(): Promise<boolean> {
    const notes = new Notes();
    const { page, position } = await this.#open(this.#position(), notes);
    let ended: { end: PageEnd; state: SourceState } | undefined;
    const withdrawals: number[] = [];
    const { wholeList } = this.#state;
    const status = this.#status;
    // The checkpoint of a source that gives whole lists is no place in one.
    const first = position.resume === undefined && (this.#client.wholeLists || position.checkpoint === undefined);
    // A try that was cut off may have seen entries that the list no longer has.
    if (wholeList !== undefined && first) this.#sawEntries = false;
    async function* entries(run: Run): AsyncGenerator<readonly EntryInput[]> {
      for await (const some of page.entries) {
        if (some.length > 0) run.#sawEntries = true;
        for (const entry of some)
          if (entry.status === "withdrawn" && entry.time !== undefined) withdrawals.push(Number(entry.time));
        yield some;
      }
      const end = page.end();
      // An empty list may be a folder that is not mounted. It is no reason to end everything.
      if (end.done && !end.unchanged && wholeList !== undefined && !run.#sawEntries) {
        throw badPage(run.#client.name, "it names nothing at all, so nothing is ended");
      }
      ended = { end, state: run.#after(end) };
    }
    const before = stateText(this.#state);
    const counts = await this.#store.import(this.#from, entries(this), {
      importCursor: () => (ended === undefined ? before : stateText(ended.state)),
      saveIndex: false,
      signal: this.#lost,
      onProblem: ({ code, reason }) => notes.add({ kind: code, reason }),
      ...(wholeList !== undefined && {
        wholeList: {
          id: wholeList,
          first,
          complete: (unlisted) => {
            if (ended?.end.done !== true || ended.end.unchanged) return false;
            checkUnlisted(status, this.#client.name, unlisted());
            return true;
          },
        },
      }),
    });
    const { end, state } = ended!;
    this.#state = state;
    if (wholeList !== undefined && end.done && !end.unchanged) delete status.accepted;
    const now = this.#environment.now();
    for (const time of withdrawals) addDelay(status, now - time);
    status.pages++;
    for (const key of ["added", "changed", "unchanged", "withdrawn", "quarantined", "refused", "problems"] as const) {
      status[key] += counts[key];
    }
    for (const [kind, { count, reason }] of notes.all) this.#note({ kind, reason }, count);
    if (counts.stale > 0)
      this.#note({ kind: "older", reason: "a record is older than what the store has" }, counts.stale);
    if (now - this.#writtenAt >= statusPause) {
      writeStatus(this.#store, this.#from, status);
      this.#writtenAt = now;
    }
    return end.done;
  }

  /** Opens the page at a position, or where the fetch goes on if the exchange refuses the position's token. */
  async #open(position: Position, notes: Notes): Promise<{ page: ExchangePage; position: Position }> {
    const options = { signal: this.#lost, note: (note: PageNote) => notes.add(note) };
    try {
      return { page: await this.#client.page(position, options), position };
    } catch (error) {
      // An exchange that knows the token no longer says so with a status of its own.
      const refused = codeOf(error) === "ERR_EMPREINTE_EXCHANGE_STATUS" && position.resume !== undefined;
      if (!refused) throw error;
      this.#note({
        kind: "expired",
        reason: "the exchange refused the token; the fetch goes on from the checkpoint",
      });
      const after = this.#dropToken(position.resume!);
      return { page: await this.#client.page(after, options), position: after };
    }
  }

  /**
   * Goes on from the checkpoint without a token. A whole list that has reached none begins anew: what its first pages
   * named may have ended since, and what the exchange has forgotten would then never end.
   */
  #dropToken(expired: string): Position {
    const { checkpoint, checkpointAt, wholeList } = this.#state;
    const restarts = wholeList !== undefined && (checkpointAt === undefined || this.#client.wholeLists);
    if (restarts) this.#beginAnew();
    else this.#state = withoutResume(this.#state);
    return { ...(checkpoint !== undefined && !restarts && { checkpoint }), expired };
  }

  #position(): Position {
    const { checkpoint, resume, resumeAt = 0 } = this.#state;
    const start = checkpoint === undefined ? {} : { checkpoint };
    if (resume === undefined) return start;
    const age = this.#environment.now() - resumeAt;
    // A clock that was set back makes an age below zero, which says nothing about the token.
    if (age >= 0 && age < 1000 * this.#client.resumeSeconds) return { ...start, resume };
    this.#note({
      kind: "expired",
      reason: "the token of the next page has expired; the fetch goes on from the checkpoint",
    });
    return this.#dropToken(resume);
  }

  /** Returns the state after a page. */
  #after({ position, done }: PageEnd): SourceState {
    const { checkpoint, resume } = position;
    const now = this.#environment.now();
    if (!done && checkpoint === this.#state.checkpoint && resume === undefined) {
      throw badPage(this.#client.name, "there is more, but nothing leads to it");
    }
    const { wholeList, checkpointAt } = this.#state;
    const reached = resume === undefined ? now : checkpointAt;
    return {
      version: 1,
      ...(checkpoint !== undefined && { checkpoint }),
      ...(reached !== undefined && { checkpointAt: reached }),
      ...(resume !== undefined && { resume, resumeAt: now }),
      ...(wholeList !== undefined && !done && { wholeList, ...(this.#sawEntries && { named: true }) }),
    };
  }

  #note(note: PageNote, times = 1): void {
    const { notes } = this.#status;
    const kind = notes[note.kind] === undefined && Object.keys(notes).length >= mostNotes ? "other" : note.kind;
    notes[kind] = {
      count: (notes[kind]?.count ?? 0) + times,
      reason: sentence(note.reason),
    };
    this.#options.onNote?.(note);
  }
}

function withoutResume(state: SourceState): SourceState {
  const { resume: _, resumeAt: __, ...rest } = state;
  return rest;
}

/** Makes an error of the exchange of what the network reports. */
function unavailable(error: unknown): unknown {
  if (!codeOf(error).startsWith("ERR_EMPREINTE_FETCH_")) return error;
  return new ExchangeError("ERR_EMPREINTE_EXCHANGE_UNAVAILABLE", sentence(error), { cause: error });
}
