/** A source and the headers of the tree that it includes, directly or not, as paths from `root`. */
export function withHeaders(root: string, file: string, seen?: Set<string>): Set<string>;
/** Divides sources into groups of which each can be one source, each of at most `most`. */
export function groupsOf(root: string, files: readonly string[], most: number): string[][];
/** The sources as one, whose quoted includes are paths from `root`. */
export function merged(root: string, files: readonly string[]): string;
