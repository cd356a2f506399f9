// Builds a pair of files from a list over and over, until its standard input ends. A line for each build that is done.
//
//   node test/hostile/search/build.mjs LIST INDEX
import { writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { HashList } from "../../../dist/index.js";

const [list, path] = process.argv.slice(2);
let going = true;
process.stdin.resume().on("end", () => (going = false));
while (going) {
  (await HashList.build(list, path, { memory: "rows" })).close();
  writeSync(1, "built\n");
  await setImmediate(); // the end of standard input is heard here
}
