/** What may be fetched, as far as the address says it. */
import { isIP } from "node:net";
import { FetchError } from "./errors.js";

const refused = (reason: string): FetchError => new FetchError("ERR_EMPREINTE_FETCH_URL", reason);

/** Returns the host of an address without brackets, as `isIP` takes it. */
const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, "$1");

/** Whether a host is one of Tor's, which no resolver knows. */
export const isOnion = ({ hostname }: URL): boolean => /\.onion\.?$/i.test(hostname);

/** Reads an address. @throws {FetchError} `ERR_EMPREINTE_FETCH_URL` */
export function parseUrl(text: string | URL, base?: URL): URL {
  if (!URL.canParse(String(text), base?.href)) throw refused("The address is no URL");
  const url = new URL(String(text), base?.href);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refused(`${url.protocol} addresses are not fetched`);
  if (url.username !== "" || url.password !== "")
    throw refused(`The address of ${url.hostname} has a user name or password`);
  url.hash = "";
  return url;
}

/**
 * Checks the port, and the host where it is an address and no name. A name is checked when it is resolved.
 * @param allowed whether an address is public or allowed; `isPublic` whether it is public.
 * @throws {FetchError} `ERR_EMPREINTE_FETCH_URL`, `ERR_EMPREINTE_FETCH_ADDRESS`
 */
export function checkTarget(
  url: URL,
  allowed: (address: string) => boolean,
  isPublic: (address: string) => boolean,
): void {
  const host = bareHost(url);
  const isAddress = isIP(host) !== 0;
  if (isAddress && !allowed(host)) throw offLimits(url.hostname);
  const port = url.port === "" ? 443 : Number(url.port);
  // Below 1024 are the ports of mail and of other protocols, which HTTP must not talk to.
  if (port < 1024 && port !== 80 && port !== 443 && (!isAddress || isPublic(host))) {
    throw refused(`Port ${port} of ${url.hostname} is not fetched`);
  }
}

export const offLimits = (host: string): FetchError =>
  new FetchError("ERR_EMPREINTE_FETCH_ADDRESS", `${host} is not a public address`);
