/** Which language a person reads. */
import { en, type Texts } from "./en.js";
import { fr } from "./fr.js";

const languages: Record<string, Texts> = { en, fr };

export const isLanguage = (text: unknown): text is string => typeof text === "string" && Object.hasOwn(languages, text);

/** Returns the language that a person chose, or the first known one that the browser asks for. */
export function textsFor(chosen: string | undefined, header: string | undefined): Texts {
  if (chosen !== undefined && Object.hasOwn(languages, chosen)) return languages[chosen]!;
  const wanted = (header ?? "").split(",").map((part) => part.trim().slice(0, 2).toLowerCase());
  return languages[wanted.find(isLanguage) ?? "en"]!;
}

const minute = 60_000;

/** A length of time in words: minutes, then hours, then days. */
export function lengthText(texts: Texts, milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / minute));
  if (minutes < 120) return texts.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? texts.hours(hours) : texts.days(Math.floor(hours / 24));
}

/** Returns a time for a person to read. */
export const timeText = (time: number): string => `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
