/** Copies one SQLite file into a new one, which only its owner can read. */
import { writeFileSync } from "node:fs";
import { workerData } from "node:worker_threads";
import Libsql from "libsql";

const { from, to } = workerData as { from: string; to: string };
writeFileSync(to, "", { mode: 0o600, flag: "wx" });
const database = new Libsql(from, { timeout: 10_000, readonly: true });
try {
  database.prepare<[string]>("VACUUM INTO ?").run(to);
} finally {
  database.close();
}
