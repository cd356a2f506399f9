/** The exchanges that HMA's clients know, and what each is configured with. */

/** A field of a configuration or of credentials, as clients make a form of it. */
interface ApiField {
  name: string;
  type: "string" | "number" | "enum" | "set_of_number";
  required: boolean;
  default: unknown;
  help: string;
  choices: readonly string[] | null;
}

export interface ExchangeApi {
  config: readonly ApiField[];
  credentials: readonly ApiField[] | null;
}

const field = (name: string, help: string, more: Partial<ApiField> = {}): ApiField => {
  return { name, type: "string", required: true, default: null, help, choices: null, ...more };
};

const ncmecEnvironments = [
  "https://report.cybertip.org/hashsharing",
  "https://report.cybertip.org/exploitative-hashsharing",
  "https://lesp.ncmec.org/csam-hashsharing",
  "https://hashsharing.ncmec.org/npo",
  "https://hashsharing.ncmec.org/exploitative",
  "https://hashsharing.ncmec.org/generative-ai-csam",
  "https://hashsharing.ncmec.org/generative-ai-exploitative",
  "https://exttest.cybertip.org/hashsharing",
  "https://exttest.cybertip.org/exploitative-hashsharing",
  "https://betalesp.ncmec.org/csam-hashsharing",
  "https://hashsharing-test.ncmec.org/npo",
  "https://hashsharing-test.ncmec.org/exploitative",
] as const;

export const exchangeApis: ReadonlyMap<string, ExchangeApi> = new Map<string, ExchangeApi>([
  ["sample", { config: [], credentials: null }],
  [
    "ncmec",
    {
      config: [
        field("environment", "The database to read.", { type: "enum", choices: ncmecEnvironments }),
        field("only_esp_ids", "Take entries of these service providers only.", {
          type: "set_of_number",
          required: false,
          default: [],
        }),
      ],
      credentials: [field("user", "The user of the hash sharing API."), field("password", "The user's password.")],
    },
  ],
  [
    "stop_ncii",
    {
      config: [],
      credentials: [
        field("fetch_function_key", "The key that fetches hashes."),
        field("subscription_key", "The subscription's key, which is sent with every request."),
        field("base_url_override", "Another base address, for tests.", { required: false }),
      ],
    },
  ],
  [
    "fb_threatexchange",
    {
      config: [field("privacy_group", "The privacy group of the collaboration.", { type: "number" })],
      credentials: [field("api_token", "The access token of the application.")],
    },
  ],
]);

/** Says what does not fit in a configuration or in credentials, or returns undefined. */
export function misfit(fields: readonly ApiField[], given: Record<string, unknown>): string | undefined {
  for (const { name, type, required, choices } of fields) {
    const value = given[name];
    if (value === undefined || value === null) {
      if (required) return `${name} is required`;
      continue;
    }
    const number = typeof value === "number" || (typeof value === "string" && /^\d+$/.test(value));
    const fits =
      type === "set_of_number" ? Array.isArray(value) : type === "number" ? number : typeof value === "string";
    if (!fits || (choices !== null && !choices.includes(String(value)))) return `${name} has a value that does not fit`;
  }
  const known = new Set(["name", "api", "enabled", ...fields.map(({ name }) => name)]);
  const unknown = Object.keys(given).find((name) => !known.has(name));
  return unknown === undefined ? undefined : `there is no field ${unknown}`;
}
