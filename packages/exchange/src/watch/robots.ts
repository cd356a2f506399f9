/** robots.txt, as far as it is about one program: which paths, and how long between two requests. */

/** What a host allows. */
export interface RobotsRules {
  /** Whether a path with its query may be fetched. */
  allows(path: string): boolean;
  /** Seconds between two requests, where the host says so. */
  delaySeconds: number | undefined;
}

interface Group {
  agents: string[];
  rules: { path: string; allow: boolean }[];
  delay: number | undefined;
}

/** Everything is allowed. */
export const noRules: RobotsRules = { allows: () => true, delaySeconds: undefined };

/** Reads the file for a program of this name. A group that names it goes before the one for all. */
export function readRobots(text: string, agent: string): RobotsRules {
  const groups: Group[] = [];
  let ended = true;
  for (const line of text.slice(0, 500_000).split(/\r\n?|\n/)) {
    const [, key, value = ""] = /^\s*([a-z-]+)\s*:\s*([^#]*?)\s*(?:#.*)?$/i.exec(line) ?? [];
    if (key === undefined) continue;
    const name = key.toLowerCase();
    if (name === "user-agent") {
      if (ended) groups.push({ agents: [], rules: [], delay: undefined });
      ended = false;
      groups.at(-1)!.agents.push(value.toLowerCase());
      continue;
    }
    ended = true;
    const group = groups.at(-1);
    if (group === undefined) continue;
    if ((name === "allow" || name === "disallow") && value !== "")
      group.rules.push({ path: value, allow: name === "allow" });
    if (name === "crawl-delay" && /^\d+(\.\d+)?$/.test(value)) group.delay = Math.min(60, Number(value));
  }
  const mine = groups.filter(({ agents }) => agents.includes(agent));
  const used = mine.length > 0 ? mine : groups.filter(({ agents }) => agents.includes("*"));
  const rules = used.flatMap((group) => group.rules).map((rule) => ({ ...rule, pattern: patternOf(rule.path) }));
  return {
    // The longest rule counts, and of two as long the one that allows.
    allows: (path) => {
      const fits = rules.filter(({ pattern }) => pattern.test(path));
      fits.sort((a, b) => b.path.length - a.path.length || Number(b.allow) - Number(a.allow));
      return fits[0]?.allow ?? true;
    },
    delaySeconds: used.find(({ delay }) => delay !== undefined)?.delay,
  };
}

function patternOf(path: string): RegExp {
  const ends = path.endsWith("$");
  const parts = (ends ? path.slice(0, -1) : path).split(/\*+/).slice(0, 32);
  const source = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join("[^]*?");
  return new RegExp(`^${source}${ends ? "$" : ""}`);
}
