/** The sentences of the page, by their names. */
interface Sentences {
  readonly [name: string]: string;
}

/** The sentences by language. */
export const texts: Readonly<Record<"en" | "fr", Sentences>>;
