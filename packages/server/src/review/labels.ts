/** The labels that analysts give, each with its key on the page. */
import { textOf } from "../config/load.js";
import { ServiceError } from "../core/errors.js";

/** A label as the page shows it. */
export interface ReviewLabel {
  /** "iwf:A": how the store writes it. */
  name: string;
  /** The key that chooses it. */
  key: string;
  en: string;
  fr: string;
}

type Given = [code: string, key: string, en: string, fr: string];

const builtIn: Record<string, Given[]> = {
  ncii: [["ncii", "i", "Intimate image shared without consent", "Image intime diffusée sans consentement"]],
  iwf: [
    ["A", "a", "IWF category A", "IWF catégorie A"],
    ["B", "b", "IWF category B", "IWF catégorie B"],
    ["C", "c", "IWF category C", "IWF catégorie C"],
  ],
  ncmec: [
    ["A1", "q", "NCMEC A1: prepubescent, sex act", "NCMEC A1 : prépubère, acte sexuel"],
    ["A2", "w", "NCMEC A2: prepubescent, lascivious exhibition", "NCMEC A2 : prépubère, exhibition lascive"],
    ["B1", "e", "NCMEC B1: pubescent, sex act", "NCMEC B1 : pubère, acte sexuel"],
    ["B2", "r", "NCMEC B2: pubescent, lascivious exhibition", "NCMEC B2 : pubère, exhibition lascive"],
  ],
};

/** What the page does with these keys itself. */
export const actionKeys = { confirm: "y", none: "0", unsure: "x", save: "s", undo: "u", list: "l", next: "n" } as const;
const levelKeys = ["1", "2", "3", "4"];

const refusal = (text: string): ServiceError => new ServiceError(400, "ERR_EMPREINTE_CONFIG", `reviewSchemes: ${text}`);

/** Reads `{"labels": [{"name": "scheme:code", "key": "a", "en": "…", "fr": "…"}]}`. */
function readFile(path: string): ReviewLabel[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(textOf("file of labels", path));
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw refusal(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { labels } = (parsed ?? {}) as { labels?: unknown };
  if (!Array.isArray(labels)) throw refusal(`${path} must be an object with an array labels`);
  return labels.map((label: unknown, at) => {
    const { name, key, en, fr = en } = (label ?? {}) as Partial<ReviewLabel>;
    const fits = [name, key, en, fr].every((text) => typeof text === "string" && text !== "" && text.length <= 200);
    if (!fits || !/^[^:\s]+:[^:\s]+$/.test(name!)) {
      throw refusal(`label ${at + 1} of ${path} must have name as scheme:code, key and en`);
    }
    return { name: name!, key: key!, en: en!, fr: fr! };
  });
}

/** Reads the configured labels. @throws {ServiceError} `ERR_EMPREINTE_CONFIG` */
export function readLabels(schemes: string): ReviewLabel[] {
  const labels = schemes.endsWith(".json")
    ? readFile(schemes)
    : schemes.split(",").flatMap((given) => {
        const scheme = given.trim();
        const found = Object.hasOwn(builtIn, scheme) ? builtIn[scheme] : undefined;
        if (found === undefined)
          throw refusal(`there is no scheme ${scheme}; ${Object.keys(builtIn).join(", ")} are there`);
        return found.map(([code, key, en, fr]) => ({ name: `${scheme}:${code}`, key, en, fr }));
      });
  const taken = new Set<string>([...levelKeys, ...Object.values(actionKeys)]);
  for (const { name, key } of labels) {
    if (!/^[a-z0-9]$/.test(key)) throw refusal(`the key of ${name} must be one small letter or digit`);
    if (taken.has(key)) throw refusal(`the key ${key} of ${name} is taken`);
    taken.add(key);
  }
  if (labels.length === 0) throw refusal("there is no label");
  return labels;
}
