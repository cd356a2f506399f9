/** Resolving a name so that a connection goes to an address that was checked, and to no other. */
import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";
import { offLimits } from "./url.js";

/** What `node:dns` does: all addresses of a name. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/**
 * Makes the `lookup` of a connection. It resolves the name once and refuses it unless all of its addresses are allowed.
 * The connection is then made to one of exactly these addresses: nobody resolves the name a second time.
 */
export function checkedLookup(allowed: (address: string) => boolean, resolve: Resolve = lookup): LookupFunction {
  return (hostname: string, options: LookupOptions, callback): void => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, "");
      const [first] = found;
      if (first === undefined || !found.every(({ address }) => allowed(address)))
        return callback(offLimits(hostname), "");
      if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}
