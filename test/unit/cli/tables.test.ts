/** The tables of the commands, and what is made from them: parser, help, documentation, manual page and completions. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../../dist/cli/commands/catalogue.js";
import { type Command, defineCommand } from "../../../dist/cli/table/command.js";
import { completions } from "../../../dist/cli/table/completions.js";
import { commandHelp } from "../../../dist/cli/table/help.js";
import { manualPage } from "../../../dist/cli/table/man.js";
import { commandLinePage } from "../../../dist/cli/table/markdown.js";
import { parse } from "../../../dist/cli/table/parse.js";
import { listFormats, writtenFormats } from "../../../dist/lists/formats/index.js";
import { formatOrigins } from "../../../dist/lists/formats/origins.js";
import { empreinte, folder } from "../../support/cli.ts";
import { root, run, which } from "../../support/run.ts";

const { groups, externals } = catalogue;
const commands = await catalogue.commands();
const everyCommand = commands.map((command) => [command.name, command] as const);

/** All texts of a table. */
function texts({ summary, description = [], arguments: wanted, options, sections = [], statuses, examples }: Command) {
  return [
    `${summary}.`,
    ...description,
    ...Object.values(wanted).map(({ does }) => does),
    ...Object.values(options).map(({ does }) => does),
    ...sections.flatMap(({ text = [], rows = [] }) => [...text, ...rows.map(([, meaning]) => meaning)]),
    ...Object.values(statuses),
    ...examples.map(({ does }) => does),
  ];
}

describe("the table of", () => {
  it.each(everyCommand)("%s has plain sentences of at most 25 words", (_, command) => {
    const sentences = texts(command).flatMap((text) => text.split(/(?<=[.:;]) /));
    expect(sentences.filter((sentence) => sentence.split(" ").length > 25)).toEqual([]);
    const open = texts(command).filter((text) => !/[.\]}]`?$/.test(text));
    expect(open).toEqual([]);
  });

  it.each(everyCommand)("%s names options that exist, and explains each choice", (_, command) => {
    const { options } = command;
    const names = Object.keys(options);
    const related = Object.values(options).flatMap(({ needs = [], excludes = [] }) => [...needs, ...excludes]);
    expect(related.filter((name) => !names.includes(name))).toEqual([]);
    const shorts = Object.values(options).flatMap(({ short }) => (short === undefined ? [] : [short]));
    expect(new Set(shorts).size).toBe(shorts.length);
    for (const [name, option] of Object.entries(options)) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      if (option.type === "choice") for (const choice of option.choices) expect(option.does).toContain(choice);
    }
    for (const { command: line } of command.examples) expect(line).toContain(`empreinte ${command.name}`);
  });

  it.each(everyCommand)("%s has a help of at most 120 columns that names every option", async (name, command) => {
    const { code, stdout } = await empreinte([...name.split(" "), "--help"]);
    expect(code).toBe(0);
    expect(stdout).toBe(`${commandHelp(command)}\n`);
    expect(stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
    for (const option of Object.keys(command.options)) expect(stdout).toContain(`--${option}`);
  });

  it("all commands is in the help without a command, with those of other packages", async () => {
    const { stdout } = await empreinte(["--help"]);
    for (const { name } of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name}  `, "m"));
    for (const { name, packageName } of externals) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} .*(Needs the package ${packageName}|Installed)\\.$`, "m"));
    }
  });
});

describe("code in the texts", () => {
  const marks = (text: string): string[] => [...text.matchAll(/`[^`]*`/g)].map(([mark]) => mark);

  it.each(everyCommand)("of %s is between pairs of backquotes, which no terminal shows", (_, command) => {
    expect(texts(command).filter((text) => text.split("`").length % 2 === 0)).toEqual([]);
    expect(commandHelp(command)).not.toContain("`");
  });

  it("is code in the documentation, bold in the manual page, and plain in completions", () => {
    const [page, manual] = [commandLinePage(groups, commands, externals), manualPage(groups, commands, externals)];
    const marked = [...commands.flatMap(texts), ...groups.flatMap(({ description }) => description)].flatMap(marks);
    expect(marked.length).toBeGreaterThan(100);
    const missing = marked.filter((mark) => !page.includes(mark.replaceAll("|", "\\|")));
    expect(missing).toEqual([]);
    expect(manual).not.toContain("`");
    expect(manual).toContain("\\fBempreinte bank quarantine\\fR prints them");
    for (const shell of ["bash", "zsh", "fish"] as const) {
      const described = completions(shell, { groups, commands, externals }).replaceAll(
        /`(?:__|set |commandline)[^`]*`/g,
        "",
      );
      expect(described).not.toMatch(/`(?:fast|all|-)`/);
    }
  });

  it("has every choice of an option", () => {
    const choices = commands.flatMap(({ name, options }) =>
      Object.entries(options).flatMap(([option, spec]) =>
        spec.type === "choice" ? spec.choices.map((choice) => ({ name, option, choice, does: spec.does })) : [],
      ),
    );
    expect(choices.filter(({ choice, does }) => !does.includes(`\`${choice}\``))).toEqual([]);
  });
});

describe("the names of list formats", () => {
  const readable = listFormats.filter((name) => name !== "csv");

  it("are in the help, the manual page and the documentation, each with its origin", async () => {
    expect(Object.keys(formatOrigins).toSorted()).toEqual(listFormats.toSorted());
    const { stdout } = await empreinte(["list", "--help"]);
    const help = stdout.replaceAll(/\s+/g, " ");
    const lists = readFileSync(join(root, "docs/lists.md"), "utf8");
    for (const name of readable) {
      expect(help).toMatch(new RegExp(`[:,] ${name.replaceAll(".", "\\.")}(, [\\w.-]+)* \\(${formatOrigins[name]}\\)`));
      expect(lists, "docs/lists.md").toMatch(new RegExp(`^\\|.*\`${name.replaceAll(".", "\\.")}\`.*\\|`, "m"));
    }
  });

  it("that are written are in the help of list convert", () => {
    const { does } = commands.find(({ name }) => name === "list convert")!.options["to"]!;
    for (const name of writtenFormats) expect(does).toContain(`\`${name}\``);
  });
});

describe("what the tables make", () => {
  const committed = (path: string): string => readFileSync(join(root, path), "utf8");

  it("is docs/command-line.md; npm run docs:commands writes it", () => {
    expect(committed("docs/command-line.md")).toBe(commandLinePage(groups, commands, externals));
  });

  it("is man/empreinte.1; npm run docs:commands writes it", () => {
    const page = manualPage(groups, commands, externals);
    expect(committed("man/empreinte.1")).toBe(page);
    expect(page.split("\n").filter((line) => line.startsWith("'"))).toEqual([]);
    const { man, files } = JSON.parse(committed("package.json")) as { man: string; files: string[] };
    expect([man, files]).toEqual(["./man/empreinte.1", expect.arrayContaining(["man"])]);
  });

  it("is a manual page without a fault", async (ctx) => {
    if (which("man") === undefined) ctx.skip("skipped: needs man");
    const path = join(root, "man/empreinte.1");
    const { code, stdout, stderr } = await run("man", ["--warnings=w", "-l", "-Tutf8", path], {
      env: { ...process.env, MANWIDTH: "120", LC_ALL: "C.UTF-8" },
    });
    if (code !== 0) ctx.skip("skipped: this man cannot show a file");
    expect(stderr.split("\n").filter((line) => line !== "" && !line.includes("cannot adjust line"))).toEqual([]);
    expect(stdout.split("\n").some((line) => line.includes("empreinte(1)") || line.includes("EMPREINTE(1)"))).toBe(
      true,
    );
  });
});

describe("completions", () => {
  const words = { groups, commands, externals };
  /** What bash offers for the last word. */
  async function offered(...line: string[]): Promise<string[]> {
    const script = `${completions("bash", words)}
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _empreinte; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await run("bash", ["-c", script, "bash", "empreinte", ...line]);
    expect(stderr).toBe("");
    return stdout.split("\n").filter(Boolean);
  }

  it.skipIf(which("bash") === undefined)("in bash offer commands, options and choices", async () => {
    expect(await offered("")).toEqual(expect.arrayContaining(["scan", "bank", "server", "--help"]));
    expect(await offered("sc")).toEqual(["scan"]);
    expect(await offered("bank", "q")).toEqual(["quarantine"]);
    expect(await offered("bank", "export", "--st")).toEqual(["--status"]);
    expect(await offered("scan", "--level", "")).toEqual(["fast", "standard", "thorough"]);
    expect(await offered("scan", "--level", "=", "th")).toEqual(["thorough"]);
    expect(await offered("scan", "--list", "known.csv", "up")).toEqual([]); // the shell's own file names
    expect(await offered("completions", "")).toEqual(["bash", "zsh", "fish"]);
  });

  it.skipIf(which("fish") === undefined)("in fish offer commands, options and choices", async () => {
    const lines = ["empreinte bank q", "empreinte scan --level ", "empreinte bank export --st"];
    const asks = lines.map((line) => `complete -C "${line}"`).join("; echo ==; ");
    const { stdout, stderr } = await run("fish", ["-c", `${completions("fish", words)}\n${asks}`]);
    expect(stderr).toBe("");
    const offers = stdout.split("==\n").map((part) => part.split("\n").map((line) => line.split("\t")[0]));
    expect(offers[0]).toEqual(["quarantine", ""]);
    expect(offers[1]).toEqual(["fast", "standard", "thorough", ""]);
    expect(stdout).toMatch(/--status\t/);
  });

  it.each(["bash", "zsh", "fish"] as const)(
    "of %s are printed by the command, and the shell reads them",
    async (shell) => {
      const { code, stdout } = await empreinte(["completions", shell]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: completions(shell, words) });
      for (const { name, options } of commands) {
        expect(stdout).toContain(name);
        for (const option of Object.keys(options)) expect(stdout).toContain(option);
      }
      const program = which(shell);
      if (program === undefined) return;
      const script = join(folder(), shell);
      writeFileSync(script, stdout);
      expect(await run(program, ["-n", script])).toMatchObject({ code: 0 });
    },
  );
});

describe("the parser", () => {
  const command = defineCommand({
    name: "try",
    summary: "Try",
    arguments: { file: { does: "." }, more: { repeat: true, optional: true, does: "." } },
    options: {
      "some-flag": { type: "flag", does: "." },
      size: { type: "integer", value: "N", least: 1, most: 9, default: 5, does: "." },
      share: { type: "number", value: "N", least: 0, most: 1, does: ".", short: "s" },
      kind: { type: "choice", value: "KIND", choices: ["one", "two"], does: ".", needs: ["some-flag"] },
      name: { type: "text", value: "NAME", repeat: true, does: ".", excludes: ["kind"] },
      to: { type: "file", value: "FILE", required: true, does: "." },
    },
    statuses: {},
    examples: [{ command: "empreinte try", does: "." }],
    run: async ({ options: { someFlag, size, share, kind, name, to } }) => {
      // The types of the values are those of the table.
      const typed: [boolean, number, number | undefined, "one" | "two" | undefined, string[], string] = [
        someFlag,
        size,
        share,
        kind,
        name,
        to,
      ];
      return typed.length;
    },
  });

  it("reads values by their types, and fills in defaults", () => {
    expect(parse(["a", "--to", "x"], command)).toEqual({
      arguments: { file: "a", more: [] },
      options: { someFlag: false, size: 5, share: undefined, kind: undefined, name: [], to: "x" },
      named: new Set(["to"]),
    });
    const all = ["--some-flag", "-s", "0.5", "--size=9", "--kind", "two", "--to", "x", "a", "--", "-b", "c"];
    expect(parse(all, command)).toEqual({
      arguments: { file: "a", more: ["-b", "c"] },
      options: { someFlag: true, size: 9, share: 0.5, kind: "two", name: [], to: "x" },
      named: new Set(["some-flag", "share", "size", "kind", "to"]),
    });
    expect(parse(["--name", "p", "--name", "q", "--to", "x", "a"], command).options).toMatchObject({
      name: ["p", "q"],
    });
  });

  it.each<[string[], string]>([
    [["--to", "x"], "No FILE is given"],
    [["a"], "No --to FILE is given"],
    [["a", "--to", ""], "Expected FILE for --to but received nothing"],
    [["a", "--to", "x", "--size", "10"], 'Expected integer between 1 and 9 for --size but received "10"'],
    [["a", "--to", "x", "--size", "1.5"], 'Expected integer between 1 and 9 for --size but received "1.5"'],
    [["a", "--to", "x", "-s", "2"], 'Expected number between 0 and 1 for --share but received "2"'],
    [["a", "--to", "x", "--kind", "three\n"], 'Expected one or two for --kind but received "three\\n"'],
    [["a", "--to", "x", "--kind", "one"], "--kind needs --some-flag"],
    [["a", "--to", "x", "--some-flag", "--kind", "one", "--name", "n"], "--name does not go with --kind"],
    [["a", "--to", "x", "--size", "-1"], "A value that begins with a dash is given as --size=VALUE"],
    [["a", "--to", "x", "--other"], "Unknown option '--other'"],
  ])("refuses %j with a sentence", (args, sentence) => {
    expect(() => parse(args, command)).toThrow(sentence);
  });
});
