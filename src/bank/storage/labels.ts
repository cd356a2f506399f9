import { invalidArgument } from "../../check.js";
import type { Label } from "../../lists/entry.js";
import { parseStored } from "./stored-json.js";
import type { Texts } from "./texts.js";

/** A label, or the text `scheme:code`. */
export type LabelLike = Label | string;

const most = 128;
const isLabelText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= most && !/[\u0000-\u001f]/.test(value);

function checkLabel(value: unknown): Label {
  const expected = `scheme:code, or {scheme, version, code} of at most ${most} characters each,`;
  if (typeof value === "string") {
    const colon = value.indexOf(":");
    const [scheme, code] = [value.slice(0, Math.max(colon, 0)), value.slice(colon + 1)];
    if (isLabelText(scheme) && isLabelText(code)) return { scheme, code };
  } else if (typeof value === "object" && value !== null) {
    const { scheme, version, code } = value as Partial<Label>;
    if (isLabelText(scheme) && isLabelText(code) && !scheme.includes(":")) {
      if (version === undefined) return { scheme, code };
      if (isLabelText(version)) return { scheme, version, code };
    }
  }
  throw invalidArgument("label", expected, value);
}

/** Writes a label as `scheme:code`, the form in which policies name it. */
export const labelName = ({ scheme, code }: Label): string => `${scheme}:${code}`;

/** Writes a set of labels as one text, the same for any order. @throws {InvalidArgumentError} */
export function labelsText(values: readonly LabelLike[]): string {
  const texts = values.map((value) => JSON.stringify(checkLabel(value)));
  return `[${[...new Set(texts)].sort().join(",")}]`;
}

/** Reads what `labelsText` wrote. */
export const parseLabels = (text: string): Label[] => parseStored(text, "labels", isLabels);

/** Reads a set of labels by its address. Null, for an entry without labels, gives an empty array. */
export const labelsAt = (texts: Texts, address: number | null): Label[] =>
  address === null ? [] : parseLabels(texts.read(address));

function isLabels(value: unknown): value is Label[] {
  if (!Array.isArray(value)) return false;
  value.forEach(checkLabel);
  return true;
}
