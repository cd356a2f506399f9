import { dihedralVariants, hardenDecoder, type ImageHash } from "../index.js";
import { parse, UsageError } from "./args.js";
import { eachFile, endStatus, fileOptions, fileSettings, type HashSettings } from "./files.js";
import { jsonPath, type Path, textLine } from "./names.js";
import type { Session } from "./session.js";

const options = { ...fileOptions, dihedral: { type: "boolean" }, compat: { type: "string" } } as const;

/** `hash  quality  path`, like sha256sum; the variant or the page stands before the path. */
function textLines(path: Path, result: ImageHash): string[] {
  const pages = result.frames ?? [result];
  return pages.flatMap((page, number) => {
    const before = result.frames ? [`page-${number}`] : [];
    const quality = String(page.quality);
    const { dihedral } = page;
    if (dihedral === undefined) return [textLine([page.hash, quality, ...before, path], "  ")];
    return dihedralVariants.map((name) => textLine([dihedral[name], quality, ...before, name, path], "  "));
  });
}

function jsonLine(path: Path, { hash, quality, stable, width, height, dihedral, frames }: ImageHash): string {
  const more = { ...(dihedral && { dihedral }), ...(frames && { frames }) };
  return JSON.stringify({ ...jsonPath(path), kind: "image", hash, quality, stable, width, height, ...more });
}

export async function run(args: string[], session: Session): Promise<number> {
  const { values, positionals } = parse(args, options);
  const settings: HashSettings = fileSettings(values);
  if (values.dihedral) settings.dihedral = true;
  if (values.compat !== undefined) {
    if (values.compat !== "cpp-cli") throw new UsageError(`Expected cpp-cli for --compat`);
    settings.compat = values.compat;
  }
  hardenDecoder();
  const { trouble } = await eachFile(positionals, values, settings, session, async (path, result) => {
    if (values.json) await session.line(jsonLine(path, result));
    else for (const line of textLines(path, result)) await session.line(line);
  });
  return endStatus(trouble, false);
}
