/** The JSON schemas of /v1, from which its document and its checks of bodies are made. */

export type Schema = Record<string, unknown>;

export const text = (description: string, more: Schema = {}): Schema => ({ type: "string", description, ...more });
export const whole = (description: string, more: Schema = {}): Schema => ({ type: "integer", description, ...more });
export const number = (description: string, more: Schema = {}): Schema => ({ type: "number", description, ...more });
export const flag = (description: string): Schema => ({ type: "boolean", description });
export const list = (items: Schema, description: string, more: Schema = {}): Schema => ({
  type: "array",
  items,
  description,
  ...more,
});
export const open = (description: string): Schema => ({ type: "object", description, additionalProperties: true });

/** Returns an object that has these properties and no other. */
export function object(properties: Record<string, Schema>, required: readonly string[], description: string): Schema {
  return { type: "object", properties, required, additionalProperties: false, description };
}

export const hashPattern = "^[0-9A-Fa-f]{64}$";
export const orientations: readonly string[] = [
  "orig",
  "rot90",
  "rot180",
  "rot270",
  "flipX",
  "flipY",
  "flipPlus1",
  "flipMinus1",
];
export const actions: readonly string[] = ["block", "review", "log"];
export const bankName: Schema = text("The name of a bank.", { minLength: 1, maxLength: 256 });
export const time: Schema = text("ISO 8601.");
export const label: Schema = object(
  { scheme: text("The scheme."), code: text("The code.") },
  ["scheme", "code"],
  "A label.",
);
export const region: Schema = {
  type: "array",
  items: { type: "array", items: { type: "number" } },
  description: "The corners of the view.",
};

export const problemSchema: Schema = object(
  {
    type: text("A URI of the kind of problem."),
    title: text("The status in words."),
    status: whole("The HTTP status."),
    detail: text("What went wrong, in a sentence. A hash in it has 8 digits."),
    code: text("A stable code: ERR_EMPREINTE_…"),
  },
  ["type", "title", "status", "detail", "code"],
  "An error, as RFC 9457 has it.",
);
