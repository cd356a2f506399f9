/** The temporary folder of a test run: what the tests leave in it is an error at the end of the run, and removed. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** With a dot: the service hides in its errors what may be a hash, such as a path of 43 letters, dashes and slashes. */
const prefix = "empreinte-run.";
const variables = ["TMPDIR", "TEMP", "TMP"];
const day = 24 * 3_600_000;

/**
 * Folders of the tests have a word behind `empreinte-`. The library's own, which a process that a test kills cannot
 * remove, have none, or these.
 */
const ofTests = /^empreinte-(?!server-|evaluate-)[\w-]+-\w{6}$/;

/** Removes the folders of runs that were killed. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const path = join(tmpdir(), name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (changed < Date.now() - day) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Makes a folder in which all processes of the run make their temporary files.
 * @returns what removes it at the end. It names what the tests left there, and the run then ends with 1.
 */
export default function setup(): () => void {
  // Each project of the run comes here.
  if (basename(tmpdir()).startsWith(prefix)) return () => undefined;
  removeAbandoned();
  const before = variables.map((name) => process.env[name]);
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o1777); // as the one of the system: some tests start programs as another user
  for (const name of variables) process.env[name] = folder;
  return () => {
    for (const [i, name] of variables.entries()) {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    }
    const left = readdirSync(folder).filter((name) => ofTests.test(name));
    rmSync(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    process.exitCode = 1;
    process.stderr.write(`The tests left in their temporary folder: ${left.sort().join(", ")}\n`);
  };
}
