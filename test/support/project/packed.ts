import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, succeed } from "../run.ts";

export const target: string = `${process.platform}-${process.arch}`;

/** The addon that the tests use: the prebuilt one where there is one, otherwise the one built here. */
export function addon(): string {
  const prebuilt = join(root, `prebuilds/${target}/empreinte.node`);
  return existsSync(prebuilt) ? prebuilt : join(root, "build/Release/empreinte.node");
}

/** Links packages of this repository's node_modules into those of `app`. */
export function link(app: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(app, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(root, "node_modules", name), path, "dir");
  }
}

/**
 * A folder in which the package is installed as `npm install` would have done it, from the tarball that `npm pack`
 * makes of what is built here, and without a network: its dependencies, and `others`, are links.
 */
export async function installPacked(app: string, others: readonly string[] = []): Promise<void> {
  const there = join(app, "node_modules/empreinte");
  mkdirSync(there, { recursive: true });
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  const args = ["pack", "--json", "--ignore-scripts", "--workspaces=false", "--pack-destination", app];
  const said = JSON.parse(await succeed("npm", args)) as { filename: string }[];
  await succeed("tar", ["-xzf", join(app, said[0]!.filename), "--strip-components=1", "-C", there]);
  cpSync(addon(), join(there, `prebuilds/${target}/empreinte.node`));
  const manifest = JSON.parse(readFileSync(join(there, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  link(app, [...Object.keys(manifest.dependencies), ...others]);
}
