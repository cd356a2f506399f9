/** robots.txt, as far as it is about one program: which paths, and how long between two requests. */

/** The rules of a host for crawlers. */
export interface RobotsRules {
  /** Returns whether a path with its query may be fetched. */
  allows(path: string): boolean;
  /** Seconds between two requests, where the host says so. */
  delaySeconds: number | undefined;
}

interface Group {
  agents: string[];
  rules: { path: string; allow: boolean }[];
  delay: number | undefined;
}

/** Rules that allow everything. */
export const noRules: RobotsRules = { allows: () => true, delaySeconds: undefined };

/** Reads the file for a program of this name. A group that names it goes before the one for all. */
export function readRobots(text: string, agent: string): RobotsRules {
  const groups: Group[] = [];
  let ended = true;
  for (const line of text.slice(0, 500_000).split(/\r\n?|\n/)) {
    const [said = ""] = line.split("#", 1);
    const colon = said.indexOf(":");
    if (colon < 0) continue;
    const [name, value] = [said.slice(0, colon).trim().toLowerCase(), said.slice(colon + 1).trim()];
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
  const rules = used.flatMap((group) => group.rules);
  return {
    // The longest rule counts, and of two as long the one that allows.
    allows: (path) => {
      const fits = rules.filter((rule) => fitsRule(path, rule.path));
      fits.sort((a, b) => b.path.length - a.path.length || Number(b.allow) - Number(a.allow));
      return fits[0]?.allow ?? true;
    },
    delaySeconds: used.find(({ delay }) => delay !== undefined)?.delay,
  };
}

/**
 * Answers whether a path fits a rule, in which `*` stands for anything and a last `$` for the end. The parts between
 * the stars are looked for one after the other: a rule of a host that means harm takes no longer than any other.
 */
function fitsRule(path: string, rule: string): boolean {
  const ends = rule.endsWith("$");
  const [first = "", ...parts] = (ends ? rule.slice(0, -1) : rule).split(/\*+/);
  if (!path.startsWith(first)) return false;
  if (parts.length === 0) return !ends || path.length === first.length;
  const last = ends ? parts.pop()! : "";
  let at = first.length;
  for (const part of parts) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return path.length - last.length >= at && path.endsWith(last);
}
