// Prints the address of every module that importing one of the package's doors loads, a line each.
//
//   node test/support/project/loaded-files.mjs empreinte/video
import { writeSync } from "node:fs";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

/** The hook, in the thread that Node.js makes for hooks. */
export async function load(url, context, next) {
  writeSync(1, `${url}\n`);
  return next(url, context);
}

if (isMainThread) {
  register(import.meta.url);
  await import(process.argv[2]);
}
