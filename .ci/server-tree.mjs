// Installs the service as its users do, from packed packages and without what only development needs, and writes what
// is in it: node .ci/server-tree.mjs FOLDER. The folder gets node_modules and sbom.cdx.json, a CycloneDX list of
// components. The container of the service and the release use it.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [given] = process.argv.slice(2);
if (given === undefined) throw new Error("Name the folder to install into");
const target = resolve(given);
const root = resolve(import.meta.dirname, "..");

/** Runs npm and returns what it writes. */
function npm(folder, ...args) {
  const options = { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 27, shell: process.platform === "win32" };
  const { status, stdout, stderr } = spawnSync("npm", args, options);
  if (status !== 0) throw new Error(`npm ${args[0]} ended with ${status}: ${stderr}`);
  return stdout;
}

mkdirSync(target, { recursive: true });
const packed = mkdtempSync(join(tmpdir(), "empreinte-packed-"));
try {
  const folders = [".", "packages/fetch", "packages/server"];
  const files = folders.map((folder) => {
    const [{ filename }] = JSON.parse(npm(join(root, folder), "pack", "--json", "--pack-destination", packed));
    return join(packed, filename);
  });
  writeFileSync(join(target, "package.json"), JSON.stringify({ name: "service", version: "0.0.0", private: true }));
  npm(target, "install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", ...files);
} finally {
  rmSync(packed, { recursive: true, force: true });
}

const bom = JSON.parse(npm(target, "sbom", "--sbom-format", "cyclonedx", "--omit", "dev"));
const of = (name) => bom.components.find((component) => component.name === name);
const server = of("empreinte-server");
const library = of("empreinte");
if (server === undefined || library === undefined) throw new Error("The packages are not among the components");
// npm names the folder. What is described is the service.
const { "bom-ref": folder } = bom.metadata.component;
bom.metadata.component = { ...server, type: "application" };
bom.components = bom.components.filter((component) => component !== server);
bom.dependencies = bom.dependencies.filter(({ ref }) => ref !== folder);
// npm knows nothing of what is compiled. Everything in it is the project's own code.
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const core = { "bom-ref": `empreinte-core@${version}`, type: "library", name: "empreinte-core", version };
const description = "The native core in C++20: no code of others, linked with the C++ standard library of the compiler";
bom.components.push({ ...core, scope: "required", description, licenses: library.licenses });
bom.dependencies.find(({ ref }) => ref === library["bom-ref"])?.dependsOn.push(core["bom-ref"]);
bom.dependencies.push({ ref: core["bom-ref"], dependsOn: [] });
// Paths of the machine that packed it say nothing to others.
const text = JSON.stringify(bom, (key, value) => (key === "externalReferences" ? undefined : value), 2);
writeFileSync(join(target, "sbom.cdx.json"), `${text}\n`);
console.log(`${bom.components.length} components are in ${join(target, "sbom.cdx.json")}`);
