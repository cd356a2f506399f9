// Builds a pair of files from a list over and over, for so many milliseconds; says how often.
import { HashList } from "../../../dist/index.js";

const [list, path, milliseconds] = process.argv.slice(2);
let builds = 0;
for (const end = Date.now() + Number(milliseconds); Date.now() < end; builds++) {
  (await HashList.build(list, path, { memory: "rows" })).close();
}
process.stdout.write(`${builds}\n`);
