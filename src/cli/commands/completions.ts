import { status } from "../io/session.js";
import { type Command, defineCommand } from "../table/command.js";
import { completions, type Shell } from "../table/completions.js";

export const command: Command = defineCommand({
  name: "completions",
  summary: "Print a script with which a shell completes commands and options",
  arguments: { shell: { does: "bash, zsh or fish.", choices: ["bash", "zsh", "fish"] } },
  options: {},
  statuses: { 0: "The script was printed." },
  examples: [
    { command: "source <(empreinte completions bash)", does: "Complete empreinte in this bash." },
    {
      command: "empreinte completions fish > ~/.config/fish/completions/empreinte.fish",
      does: "Complete empreinte in every fish.",
    },
  ],
  async run({ arguments: { shell } }, session, { groups, commands, externals }) {
    const script = completions(shell as Shell, { groups, commands: await commands(), externals });
    await session.write(script);
    return status.nothing;
  },
});
