// Before publishing: dist and the prebuilt addons named on the command line are there. `npm publish` runs it for the
// platform it happens on, the release workflow for all.
import { existsSync } from "node:fs";

const wanted = process.argv.slice(2).map((target) => {
  const [, platform, libc = ""] = /^(\w+-\w+?)(\.musl)?$/.exec(target) ?? [];
  if (platform === undefined) throw new Error(`not a target: ${target}`);
  return `prebuilds/${platform}/empreinte${libc}.node`;
});
const missing = ["dist/index.js", "dist/index.d.ts", "dist/cli/main.js", ...wanted].filter((path) => !existsSync(path));
for (const path of missing) console.error(`missing: ${path}`);
if (missing.length > 0) process.exit(1);
console.log(`${wanted.length} prebuilds and dist are there`);
