/** The newest clang++ on PATH, by any of the names distributions give it, or undefined. */
export function compiler(): string | undefined;
