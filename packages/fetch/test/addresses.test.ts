import { expect, test } from "vitest";
import { addressRule, isPublicAddress } from "../src/index.ts";

test.each(["8.8.8.8", "1.1.1.1", "223.255.255.254", "2001:4860:4860::8888", "[2606:4700::1111]", "::ffff:8.8.8.8"])(
  "%s is public",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each([
  ["0.0.0.0", "unspecified"],
  ["0.1.2.3", "this network"],
  ["10.0.0.1", "private"],
  ["100.64.0.1", "shared by carriers"],
  ["127.0.0.1", "loopback"],
  ["127.255.255.255", "loopback"],
  ["169.254.169.254", "the metadata of clouds"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.0.0.8", "special"],
  ["192.0.2.1", "documentation"],
  ["192.168.1.1", "private"],
  ["198.18.0.1", "benchmarks"],
  ["198.51.100.1", "documentation"],
  ["203.0.113.1", "documentation"],
  ["224.0.0.1", "multicast"],
  ["240.0.0.1", "reserved"],
  ["255.255.255.255", "broadcast"],
  ["::", "unspecified"],
  ["::1", "loopback"],
  ["[::1]", "loopback in brackets"],
  ["::127.0.0.1", "IPv4-compatible"],
  ["::ffff:127.0.0.1", "IPv4-mapped loopback"],
  ["::ffff:a00:1", "IPv4-mapped private, in hex"],
  ["::ffff:0:127.0.0.1", "IPv4-translated"],
  ["64:ff9b::7f00:1", "NAT64 of loopback"],
  ["64:ff9b::808:808", "NAT64"],
  ["64:ff9b:1::1", "local NAT64"],
  ["100::1", "discard"],
  ["2001::1", "Teredo"],
  ["2001:db8::1", "documentation"],
  ["2002:7f00:1::", "6to4 of loopback"],
  ["2002:808:808::1", "6to4"],
  ["2606:4700::5efe:10.0.0.1", "ISATAP"],
  ["2606:4700::200:5efe:10.0.0.1", "ISATAP"],
  ["3fff::1", "documentation"],
  ["4000::1", "not assigned"],
  ["5f00::1", "segment routing"],
  ["fc00::1", "unique local"],
  ["fe80::1", "link-local"],
  ["fe80::1%eth0", "link-local with its zone"],
  ["fec0::1", "site-local"],
  ["ff02::1", "multicast"],
  ["localhost", "a name"],
  ["", "nothing"],
])("%s is not public: %s", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test("an operator allows addresses and networks, and nothing beside them", () => {
  const allowed = addressRule(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
  for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "10.9.8.7", "fd12::1", "8.8.8.8"]) {
    expect(allowed(address), address).toBe(true);
  }
  for (const address of ["127.0.0.2", "11.0.0.1x", "192.168.0.1", "::1", "fe80::1"]) {
    expect(allowed(address), address).toBe(false);
  }
});

test.each(["localhost", "10.0.0.0/33", "", "10.0.0.0/8 "])("%j is no network to allow", (text) => {
  expect(() => addressRule([text])).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }));
});
