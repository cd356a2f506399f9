/** What making the document costs a start: nothing. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const start = fileURLToPath(new URL("../../dist/operation/start.js", import.meta.url));

test("the library that makes the document is loaded by the first call for it", () => {
  const data = mkdtempSync(join(tmpdir(), "empreinte-document-"));
  const program = `
    import Module from "node:module";
    const { startServer } = await import(${JSON.stringify(start)});
    const loaded = () => Object.keys(Module._cache).some((name) => /node_modules.@fastify.swagger./.test(name));
    const log = { write: () => undefined };
    const server = await startServer({ data: process.argv[1], listen: "127.0.0.1:0", open: true }, { log });
    const before = loaded();
    const answers = await Promise.all([0, 1].map(() => fetch(server.url + "/v1/openapi.json")));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    await server.close();
    const { openapi, paths } = JSON.parse(texts[0]);
    console.log(JSON.stringify([before, loaded(), texts[0] === texts[1], openapi, Object.keys(paths).length > 25]));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program, data], {
    encoding: "utf8",
  });
  rmSync(data, { recursive: true });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([false, true, true, "3.1.0", true]);
});
