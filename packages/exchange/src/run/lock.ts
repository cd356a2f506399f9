/** A lock in the store, so that two processes never fetch one source at the same time. */
import { randomUUID } from "node:crypto";
import type { BankStore } from "empreinte/bank";
import type { Environment } from "../environment.js";
import { ExchangeError } from "../errors.js";

interface Lease {
  holder: string;
  /** The end of the lock in milliseconds since 1970. */
  until: number;
}

/** How long a lock outlives a process that was killed. */
const leaseMilliseconds = 120_000;

/** A lock that is held. It renews itself until it is released. */
export interface Lock {
  /** Aborted where another process has taken the lock over, as after this machine slept. */
  lost: AbortSignal;
  release(): void;
}

/** Takes the lock of a source. @throws {ExchangeError} `ERR_EMPREINTE_EXCHANGE_LOCKED` */
export function takeLock(store: BankStore, from: { bank: string; source: string }, { now }: Environment): Lock {
  const name = `exchange/lock/${from.bank}/${from.source}`;
  const holder = randomUUID();
  const lost = new AbortController();
  const textOf = (): string =>
    JSON.stringify({
      holder,
      until: now() + leaseMilliseconds,
    } satisfies Lease);
  const there = store.memos(name).find((memo) => memo.name === name)?.text;
  const held = there !== undefined && (JSON.parse(there) as Lease).until > now();
  let mine = textOf();
  if (held || !store.writeMemo(name, mine, { expected: there })) {
    throw new ExchangeError("ERR_EMPREINTE_EXCHANGE_LOCKED", `Another process fetches ${from.bank}/${from.source}`);
  }
  const renew = (): void => {
    const next = textOf();
    try {
      if (store.writeMemo(name, next, { expected: mine })) mine = next;
      else lost.abort(new ExchangeError("ERR_EMPREINTE_EXCHANGE_LOCKED", `Another process took ${from.source} over`));
    } catch {
      // Another process writes just now. There are two more turns before the lock ends.
    }
  };
  const timer = setInterval(renew, leaseMilliseconds / 4).unref();
  return {
    lost: lost.signal,
    release: () => {
      clearInterval(timer);
      store.writeMemo(name, undefined, { expected: mine });
    },
  };
}
