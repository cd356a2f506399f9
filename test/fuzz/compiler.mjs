import { spawnSync } from "node:child_process";

const target = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }';

/**
 * Whether a clang++ links programs with its fuzzer and sanitizers. Distributions have their runtime in another package.
 */
function links(name) {
  const options = ["-fsanitize=fuzzer,address,undefined", "-x", "c++", "-", "-o", "/dev/null"];
  return spawnSync(name, options, { input: target }).status === 0;
}

/**
 * The newest clang++ on PATH that links with its sanitizers, by any of the names distributions give it, or undefined.
 */
export function compiler() {
  const versions = Array.from({ length: 12 }, (_, i) => `clang++-${23 - i}`);
  return ["clang++", ...versions].find(links);
}
