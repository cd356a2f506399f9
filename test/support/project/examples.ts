/** Runs the code of a document as a reader would: its scripts and commands, in order, in one folder. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { CodeBlock } from "./markdown.ts";
import { type Ran, root, run } from "../run.ts";

/** One thing to run, and what the document says about it. */
export interface Step {
  /** The line of its block. */
  line: number;
  /** The text of a script, or a command line. */
  script?: string;
  command?: string;
  /** The arguments of a script. */
  args: string[];
  /** What the document says that it prints. */
  output?: string;
  /** The exit statuses that are right. */
  statuses: number[];
}

/**
 * The steps of a document's blocks:
 * - `js` is a script. A first line `// node NAME ARGUMENTS` has its arguments.
 * - `sh` has commands; those that begin with `empreinte` are run. `# exit status 2` behind one says so; otherwise 0 and
 *   1 (something was found) are right.
 * - `console` has commands behind `$ ` with what they print, to both streams.
 * - `text` is what the script or the last command of the block before it prints.
 */
export function stepsOf(blocks: readonly CodeBlock[]): Step[] {
  const steps: Step[] = [];
  for (const [i, { line, language, text }] of blocks.entries()) {
    if (language === "js") {
      const args = /^\/\/ node \S+(.*)/.exec(text)?.[1]!.trim().split(/\s+/).filter(Boolean) ?? [];
      steps.push({ line, script: text, args, statuses: [0] });
    } else if (language === "sh") {
      steps.push(...commands(text).map((command) => commandStep(line, command)));
    } else if (language === "console") {
      for (const one of text.split(/^\$ /m).filter((part) => part.trim() !== "")) {
        const [command, ...output] = one.split("\n");
        steps.push({ ...commandStep(line, command!), output: output.join("\n") });
      }
    } else if (language === "text" && ["js", "sh"].includes(blocks[i - 1]?.language ?? "") && steps.length > 0) {
      const { line: from } = blocks[i - 1]!;
      if (steps.at(-1)!.line === from) steps.at(-1)!.output = text;
    }
  }
  return steps;
}

/** Lines that begin with the command's name, joined where they end with a backslash. */
function commands(text: string): string[] {
  return text
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.startsWith("empreinte "));
}

function commandStep(line: number, command: string): Step {
  const status = /# exit status (\d+)/.exec(command)?.[1];
  return { line, command, args: [], statuses: status === undefined ? [0, 1] : [Number(status)] };
}

/** Makes `folder` one where the package is installed, and gives the environment with its command on PATH. */
export function installInto(folder: string): NodeJS.ProcessEnv {
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules/empreinte"), "dir");
  for (const peer of ["sharp", "blockhash-core"]) {
    symlinkSync(join(root, "node_modules", peer), join(folder, "node_modules", peer), "dir");
  }
  const command = join(folder, "node_modules/.bin/empreinte");
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "dist/cli/main.js")}" "$@"\n`);
  chmodSync(command, 0o755);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  return { ...process.env, PATH: `${join(folder, "node_modules/.bin")}${delimiter}${process.env["PATH"]}` };
}

/** Runs a step; the answer is undefined when all is as the document says, otherwise what is different. */
export async function faultOf(step: Step, folder: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  let ran: Ran;
  if (step.script === undefined) ran = await run("sh", ["-c", `{ ${step.command} \n} 2>&1`], { cwd: folder, env });
  else {
    const name = `example-${step.line}.mjs`;
    writeFileSync(join(folder, name), step.script);
    ran = await run(process.execPath, [name, ...step.args], { cwd: folder, env });
  }
  const what = `line ${step.line}${step.command === undefined ? "" : `, ${step.command}`}`;
  const said = `${ran.stdout}${ran.stderr}`.trim();
  if (!step.statuses.includes(ran.code ?? -1)) return `${what}: exit status ${ran.code ?? ran.signal}\n${said}`;
  if (step.output !== undefined && masked(ran.stdout) !== masked(step.output)) {
    return `${what} printed\n${ran.stdout.trim()}\nbut the document says\n${step.output.trim()}`;
  }
  return undefined;
}

/** Text without what differs from machine to machine: hashes, numbers, and how columns are filled with spaces. */
export function masked(text: string): string {
  return text
    .replace(/[0-9a-f]{32,64}/g, "HASH")
    .replace(/\d+(?:[.,:]\d+)*/g, "#")
    .replace(/[ \t]+/g, " ")
    .trim();
}
