import { invalidArgument } from "../../check.js";

/** What a source says of an entry, in a scheme of its own: `{scheme: "ncmec", code: "A1"}`. */
export interface Label {
  scheme: string;
  version?: string;
  code: string;
}

/** A label, or `scheme:code` as text. */
export type LabelLike = Label | string;

const most = 128;
const part = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= most && !/[\u0000-\u001f]/.test(value);

function label(value: unknown): Label {
  const expected = `scheme:code, or {scheme, version, code} of at most ${most} characters each,`;
  if (typeof value === "string") {
    const colon = value.indexOf(":");
    const [scheme, code] = [value.slice(0, Math.max(colon, 0)), value.slice(colon + 1)];
    if (part(scheme) && part(code)) return { scheme, code };
  } else if (typeof value === "object" && value !== null) {
    const { scheme, version, code } = value as Partial<Label>;
    if (part(scheme) && part(code) && !scheme.includes(":") && (version === undefined || part(version))) {
      return { scheme, ...(version !== undefined && { version }), code };
    }
  }
  throw invalidArgument("label", expected, value);
}

/** `scheme:code`: how policies name a label. */
export const labelName = ({ scheme, code }: Label): string => `${scheme}:${code}`;

/** One text for one set of labels, in whatever order they came. @throws {InvalidArgumentError} */
export function labelsText(values: readonly LabelLike[]): string {
  const texts = values.map((value) => JSON.stringify(label(value)));
  return `[${[...new Set(texts)].sort().join(",")}]`;
}
