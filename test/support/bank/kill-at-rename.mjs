// Kills its own process where a file is about to be renamed for the n-th time, as `kill -9` from outside would. It is
// imported before a program: EMPREINTE_KILL_AT=2 node --import ./test/support/bank/kill-at-rename.mjs PROGRAM …
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const at = Number(process.env["EMPREINTE_KILL_AT"]);
const { rename } = fs;
let count = 0;
fs.rename = async (from, to) => {
  if (++count === at) process.kill(process.pid, "SIGKILL");
  await rename(from, to);
};
syncBuiltinESMExports();
