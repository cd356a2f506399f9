/** Which addresses are public, and which others an operator allows. */
import ipaddr from "ipaddr.js";
import { invalid } from "./errors.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Reads an address; an IPv4 address inside an IPv6 one (`::ffff:a.b.c.d`) is the IPv4 address. */
function parse(text: string): Address | undefined {
  // A zone, as in fe80::1%eth0, belongs to a link of this machine.
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

/** IPv6 has one block of public unicast so far; what is outside is special or not yet assigned. */
const globalUnicast = ipaddr.IPv6.parse("2000::");

/** ISATAP puts an IPv4 address, often a private one, into the last 32 bits after these. */
const isIsatap = ({ parts }: ipaddr.IPv6): boolean => (parts[4]! & ~0x200) === 0 && parts[5] === 0x5efe;

/**
 * Whether an address is public unicast. Private, loopback, link-local, shared, documentation, multicast and reserved
 * addresses are not. Nor are IPv6 addresses that carry an IPv4 address: NAT64, 6to4, Teredo, ISATAP. An IPv4-mapped
 * address is what its IPv4 address is. Text that is no address is not public.
 */
export function isPublicAddress(address: string): boolean {
  const parsed = parse(address);
  if (parsed === undefined || parsed.range() !== "unicast") return false;
  if (parsed instanceof ipaddr.IPv4) return true;
  return parsed.match(globalUnicast, 3) && !isIsatap(parsed);
}

/**
 * Makes the rule for what an operator allows besides public addresses.
 * @param allow addresses and networks: `"127.0.0.1"`, `"10.0.0.0/8"`, `"fd00::/8"`.
 * @returns whether an address is public or allowed.
 * @throws {FetchError} `ERR_EMPREINTE_INVALID_ARGUMENT` for text that is neither an address nor a network.
 */
export function addressRule(allow: readonly string[] = []): (address: string) => boolean {
  const networks = allow.map(network);
  return (address) => {
    if (isPublicAddress(address)) return true;
    const parsed = parse(address);
    return parsed !== undefined && networks.some(([base, bits]) => inNetwork(parsed, base, bits));
  };
}

function network(text: unknown): [Address, number] {
  if (typeof text === "string") {
    if (ipaddr.isValid(text)) {
      const address = ipaddr.process(text);
      return [address, address.kind() === "ipv4" ? 32 : 128];
    }
    if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  }
  throw invalid("allow", `an address or network such as 10.0.0.0/8 instead of ${JSON.stringify(text)}`);
}

function inNetwork(address: Address, base: Address, bits: number): boolean {
  if (address instanceof ipaddr.IPv4) return base instanceof ipaddr.IPv4 && address.match(base, bits);
  return base instanceof ipaddr.IPv6 && address.match(base, bits);
}
