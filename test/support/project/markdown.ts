/** Reads as much of Markdown as the project's documents use: what is prose, what is code, and what is linked. */

/** A fenced block of code. */
export interface CodeBlock {
  /** The line of its fence, from 1. */
  line: number;
  /** The first word behind the fence, `""` where there is none. */
  language: string;
  text: string;
}

/** A paragraph, a list item or a heading, on one line and without inline markup. Inline code counts as one word. */
export interface Prose {
  /** The line where it begins, from 1. */
  line: number;
  text: string;
  words: number;
}

export interface Link {
  line: number;
  target: string;
}

export interface Markdown {
  /** Paragraphs and list items. */
  paragraphs: Prose[];
  /** The cells of tables. */
  cells: Prose[];
  headings: (Prose & { level: number; anchor: string })[];
  code: CodeBlock[];
  links: Link[];
}

/** Words are what has a letter or a digit in it. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** The sentences of a paragraph: each ends with a full stop, question mark or exclamation mark before a space. */
export function sentences(text: string): string[] {
  return text
    .split(/(?<=[.!?][)"”*]*)\s+(?=\S)/u)
    .map((sentence) => sentence.trim())
    .filter((sentence) => countWords(sentence) > 0);
}

/** The anchor that a heading gets where this repository is hosted. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

/** Prose without its markup: code becomes one word, links and images their text. */
function plain(text: string): string {
  return text
    .replace(/(`+)[\s\S]*?\1/g, "code")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/<\/?[a-z][^>]*>/gi, "")
    .replace(/[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

function prose(line: number, raw: string): Prose {
  const text = plain(raw);
  return { line, text, words: countWords(text) };
}

export function parseMarkdown(source: string): Markdown {
  const found: Markdown = { paragraphs: [], cells: [], headings: [], code: [], links: [] };
  let open: { line: number; lines: string[] } | undefined;
  const close = (): void => {
    if (open !== undefined) found.paragraphs.push(prose(open.line, open.lines.join(" ")));
    open = undefined;
  };
  let fence: { mark: string; block: CodeBlock } | undefined;
  for (const [index, text] of source
    .replace(/<!--[\s\S]*?-->/g, blankLines)
    .split("\n")
    .entries()) {
    const line = index + 1;
    if (fence !== undefined) {
      if (text.trim() === fence.mark) {
        found.code.push(fence.block);
        fence = undefined;
      } else fence.block.text += `${text}\n`;
      continue;
    }
    const opening = /^\s*(```+)\s*(\S*)/.exec(text);
    if (opening !== null) {
      close();
      fence = { mark: opening[1]!, block: { line, language: opening[2]!, text: "" } };
      continue;
    }
    for (const [, target] of text.replace(/`[^`]*`/g, "").matchAll(/\[(?:[^\]]|\]\[)*\]\(([^)\s]+)[^)]*\)/g)) {
      found.links.push({ line, target: target! });
    }
    const heading = /^(#{1,6})\s+(.*)$/.exec(text);
    if (heading !== null) {
      close();
      const title = heading[2]!.replace(/`/g, "");
      found.headings.push({ ...prose(line, title), level: heading[1]!.length, anchor: anchorOf(title) });
    } else if (/^\s*\|/.test(text)) {
      close();
      if (!/^[\s|:-]+$/.test(text)) {
        const cells = text.replaceAll("\\|", "¦").split("|").slice(1, -1);
        found.cells.push(...cells.map((cell) => prose(line, cell)).filter(({ words }) => words > 0));
      }
    } else if (text.trim() === "") close();
    else if (/^\s*(?:[-*]|\d+\.)\s+/.test(text)) {
      close();
      open = { line, lines: [text.replace(/^\s*(?:[-*]|\d+\.)\s+/, "")] };
    } else if (open === undefined) open = { line, lines: [text] };
    else open.lines.push(text);
  }
  close();
  if (fence !== undefined) throw new Error(`the block of line ${fence.block.line} has no end`);
  return found;
}

/** As many lines with nothing on them, so that the numbers of the others stay. */
function blankLines(text: string): string {
  return text.replace(/[^\n]/g, "");
}
