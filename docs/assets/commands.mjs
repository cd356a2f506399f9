/** Writes docs/command-line.md and man/empreinte.1 from the tables of the commands: npm run docs:commands. */
import { mkdirSync, writeFileSync } from "node:fs";
import { catalogue } from "../../dist/cli/commands/catalogue.js";
import { manualPage } from "../../dist/cli/table/man.js";
import { commandLinePage } from "../../dist/cli/table/markdown.js";

const root = new URL("../../", import.meta.url);
const { groups, externals } = catalogue;
const commands = await catalogue.commands();
mkdirSync(new URL("man/", root), { recursive: true });
writeFileSync(new URL("docs/command-line.md", root), commandLinePage(groups, commands, externals));
writeFileSync(new URL("man/empreinte.1", root), manualPage(groups, commands, externals));
