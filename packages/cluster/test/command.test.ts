/** The commands' arguments that name files. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { afterAll, expect, test } from "vitest";
import { root } from "../../../test/support/run.ts";
import { curatorCommand } from "../src/command/curator.ts";
import { nodeCommand } from "../src/command/node.ts";
import { linkOf, withVariables } from "../src/command/options.ts";
import { rescannerCommand } from "../src/command/rescanner.ts";
import { shardCommand } from "../src/command/shard.ts";
import { statusCommand } from "../src/command/status.ts";
import { workerCommand } from "../src/command/worker.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-cluster-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("certificates are read from their files", () => {
  const path = join(folder, "ca.pem");
  writeFileSync(path, "-----BEGIN CERTIFICATE-----\n");
  const { nats } = linkOf({ store: "known", servers: "127.0.0.1:1", ca: path });
  expect(nats.tls).toEqual({ ca: "-----BEGIN CERTIFICATE-----\n" });
  expect(linkOf({ store: "known", servers: "127.0.0.1:1" }).nats.tls).toBeUndefined();
});

test("an option that is not among the arguments has the value of its variable", () => {
  const options = {
    store: { type: "string" },
    "node-lease": { type: "string" },
    root: { type: "string", multiple: true },
    create: { type: "boolean" },
    reopen: { type: "boolean" },
  } as const;
  const environment = {
    EMPREINTE_CLUSTER_STORE: "other",
    EMPREINTE_CLUSTER_NODE_LEASE: "20",
    EMPREINTE_CLUSTER_ROOT: "/a,/b",
    EMPREINTE_CLUSTER_CREATE: "1",
    EMPREINTE_CLUSTER_REOPEN: "0",
    EMPREINTE_CLUSTER_UNKNOWN: "x",
  };
  const args = withVariables(["--store", "known"], options, environment);
  expect(parseArgs({ args, options }).values).toEqual({
    store: "known",
    "node-lease": "20",
    root: ["/a", "/b"],
    create: true,
  });
  expect(withVariables(["--root=/c"], { root: options.root }, environment)).toEqual(["--root=/c"]);
  expect(() => withVariables([], options, { EMPREINTE_CLUSTER_REOPEN: "yes" })).toThrow(
    "EMPREINTE_CLUSTER_REOPEN takes 0 or 1",
  );
});

test("each command names what is wrong with its arguments before it connects", async () => {
  for (const [command, args, text] of [
    [curatorCommand, ["--id", "a"], "--path is missing"],
    [curatorCommand, ["--id", "a", "--path", "x", "--node-lease", "0"], "--node-lease takes seconds"],
    [nodeCommand, ["--id", "a", "--path", "x", "--listen", "x"], "--listen takes a port, or a host and a port"],
    [nodeCommand, ["--id", "a", "--path", "x"], "--store is missing"],
    [statusCommand, ["--store", "s", "--serve", "x"], "--serve takes a port, or a host and a port"],
    [shardCommand, ["--path", "x", "--shards", "2"], "--shard is missing"],
    [shardCommand, ["--path", "x", "--shards", "2", "--shard", "1.5"], "--shard takes an integer"],
    [rescannerCommand, ["--id", "a", "--path", "x"], "--shards is missing"],
    [workerCommand, ["--id", "a", "--path", "x", "--orientations"], "--orientations needs --shards"],
    [workerCommand, ["--id", "a", "--path", "x", "--level", "x"], "--level takes fast, standard, thorough"],
    [workerCommand, ["--id", "a", "--path", "x", "--store", "s", "--metrics", "99999"], "--metrics takes a port"],
  ] as const) {
    await expect(command([...args])).rejects.toThrow(text);
  }
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
