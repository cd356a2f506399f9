import { formatOrigins } from "../../lists/formats/origins.js";
import type { Catalogue, Command, CommandGroup, ExternalCommand } from "../table/command.js";

/** Returns the names of the formats that are recognized by their content, those of one origin together. */
function formatNames(): string {
  const origins = [...new Set(Object.values(formatOrigins))].filter((origin) => origin !== formatOrigins.csv);
  const namesOf = (origin: string): string =>
    Object.entries(formatOrigins)
      .flatMap(([name, from]) => (from === origin ? [`\`${name}\``] : []))
      .join(", ");
  return origins.map((origin) => `${namesOf(origin)} (${origin})`).join(", ");
}

type Loader = () => Promise<{ command: Command }>;

/**
 * Each command is loaded when it is needed, and its `run` loads the library: help works where the addon does not load.
 */
const loaders = new Map<string, Loader>([
  ["hash", () => import("./hash.js")],
  ["scan", () => import("./scan/scan.js")],
  ["register", () => import("./register/register.js")],
  ["list create", () => import("./list/create.js")],
  ["list check", () => import("./list/check.js")],
  ["list convert", () => import("./list/convert.js")],
  ["index build", () => import("./index/build.js")],
  ["index info", () => import("./index/info.js")],
  ["index verify", () => import("./index/verify.js")],
  ["index bench", () => import("./index/bench.js")],
  ["bank create", () => import("./bank/create.js")],
  ["bank import", () => import("./bank/import.js")],
  ["bank info", () => import("./bank/info.js")],
  ["bank list", () => import("./bank/list.js")],
  ["bank policy", () => import("./bank/policy.js")],
  ["bank withdraw", () => import("./bank/withdraw.js")],
  ["bank erase", () => import("./bank/erase.js")],
  ["bank quarantine", () => import("./bank/quarantine.js")],
  ["bank release", () => import("./bank/release.js")],
  ["bank export", () => import("./bank/export.js")],
  ["bank audit", () => import("./bank/audit.js")],
  ["bank verify", () => import("./bank/verify.js")],
  ["video match", () => import("./video/match.js")],
  ["evaluate", () => import("./evaluate/evaluate.js")],
  ["doctor", () => import("./doctor.js")],
  ["completions", () => import("./completions.js")],
]);

const groups: readonly CommandGroup[] = [
  {
    name: "list",
    summary: "Lists of known hashes",
    description: [
      "A list is a file of known hashes. The content of a file decides its format. --column explains any other CSV.",
      `The formats: ${formatNames()}.`,
    ],
  },
  {
    name: "index",
    summary: "Indexes of long lists",
    description: [
      "An index is a list that is prepared for searching. It is mapped into memory and can be searched at once, however long the list is. `FILE.entries` has the names of the lists, their line numbers and metadata. The two files belong together.",
    ],
  },
  {
    name: "bank",
    summary: "Banks with sources, policies and withdrawals",
    description: [
      "A store is one file with any number of banks. A bank has sources, a source has entries, and an entry has hashes. `FILE.index` is built from the store.",
    ],
  },
  {
    name: "video",
    summary: "Videos",
    description: ["`empreinte scan --video-signature` finds known videos in many files."],
  },
];

const externals: readonly ExternalCommand[] = [
  { name: "server", packageName: "empreinte-server", summary: "Answer queries over HTTP, with a page for reviews" },
  { name: "exchange", packageName: "empreinte-exchange", summary: "Keep banks equal to the lists of exchanges" },
  {
    name: "watch",
    packageName: "empreinte-exchange",
    summary: "Check that removed content stays away",
    // It waits for hosts most of the time. Its threads would each keep the memory of what they fetched and compared.
    environment: { MALLOC_ARENA_MAX: "1" },
  },
  { name: "cluster", packageName: "empreinte-cluster", summary: "Replicate banks and share work over NATS" },
];

/** Returns the command of this name; undefined if there is none. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return (await loaders.get(name)?.())?.command;
}

export const groupNamed = (name: string): CommandGroup | undefined => groups.find((group) => group.name === name);

/** Whether a first word is a command or group of this package. */
export const isOwn = (name: string): boolean => loaders.has(name) || groupNamed(name) !== undefined;

export const catalogue: Catalogue = {
  groups,
  externals,
  commands: () => Promise.all([...loaders.values()].map(async (load) => (await load()).command)),
};
