import { spawnSync } from "node:child_process";

/** The newest clang++ on PATH, by any of the names distributions give it, or undefined. */
export function compiler() {
  const versions = Array.from({ length: 12 }, (_, i) => `clang++-${23 - i}`);
  return ["clang++", ...versions].find((name) => spawnSync(name, ["--version"]).status === 0);
}
