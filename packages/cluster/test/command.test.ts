/** The commands' arguments that name files. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "../../../test/support/run.ts";
import { linkOf } from "../src/command/options.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-cluster-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("certificates are read from their files", () => {
  const path = join(folder, "ca.pem");
  writeFileSync(path, "-----BEGIN CERTIFICATE-----\n");
  const { nats } = linkOf({ store: "known", servers: "127.0.0.1:1", ca: path });
  expect(nats.tls).toEqual({ ca: "-----BEGIN CERTIFICATE-----\n" });
  expect(linkOf({ store: "known", servers: "127.0.0.1:1" }).nats.tls).toBeUndefined();
});

test.skipIf(process.platform === "win32")("what is no file is refused in their place, by its name", () => {
  const pipe = join(folder, "pipe.pem");
  execFileSync("mkfifo", [pipe]);
  const program = join(root, "packages/cluster/dist/main.js");
  for (const option of ["--ca", "--cert", "--key"]) {
    const child = spawnSync(
      process.execPath,
      [program, "status", "--store", "known", "--servers", "127.0.0.1:1", option, pipe],
      { encoding: "utf8", timeout: 30_000 },
    );
    expect([option, child.signal, child.status]).toEqual([option, null, 2]);
    expect(child.stderr).toContain(`${pipe} cannot be read: it is a named pipe, not a file`);
  }
});
