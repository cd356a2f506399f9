/**
 * The options of every command on files. Nothing of the library is imported here: help works where it does not load.
 */

/** Which files a command reads. */
export const selectionOptions = {
  include: {
    type: "text",
    value: "GLOB",
    repeat: true,
    group: "Files",
    does: "Read only files that GLOB matches.",
  },
  exclude: {
    type: "text",
    value: "GLOB",
    repeat: true,
    group: "Files",
    does: "Leave out files and folders that GLOB matches. --exclude wins over --include.",
  },
  "files-from": {
    type: "file",
    value: "FILE",
    repeat: true,
    group: "Files",
    does: "Also read the paths in FILE, one on each line. `-` is standard input.",
  },
} as const;

/** What a glob may contain; a section of the help. */
export const globSection = {
  title: "Patterns",
  shared: true,
  rows: [
    ["*", "Any characters of a name."],
    ["?", "One character of a name."],
    ["[a-z], [!a-z]", "One character of a set, or one outside it."],
    ["**", "Any number of folders."],
    ["NAME/", "Folders only. A pattern that matches a folder covers everything in it."],
  ],
  text: [
    "A GLOB is compared with the path below the walked folder. Without a slash inside, it matches a name in any folder. A file that is given as PATH is compared by its name alone.",
  ],
} as const;

/** Input names and output records for other programs. */
export const nullOption = {
  null: {
    type: "flag",
    short: "0",
    group: "Output",
    does: "Separate the paths of --files-from and the records of text output by zero bytes. Paths are then printed without escapes.",
  },
} as const;

export const outputOptions = {
  json: { type: "flag", group: "Output", does: "Print JSON Lines, one object for each file." },
  quiet: {
    type: "flag",
    group: "Output",
    does: "Print no progress or notes. Errors are still printed.",
  },
} as const;

export const limitOptions = {
  concurrency: {
    type: "integer",
    value: "N",
    least: 1,
    most: 1024,
    group: "Limits",
    does: "Work on N files at a time.",
    defaultText: "one for each processor, at most 4",
  },
  "max-pixels": {
    type: "integer",
    value: "N",
    least: 1,
    group: "Limits",
    does: "Refuse images and video frames of more than N pixels.",
    defaultText: "134217728, and 33554432 for videos",
  },
  "max-bytes": {
    type: "integer",
    value: "N",
    least: 1,
    group: "Limits",
    does: "Refuse files with more than N bytes.",
    defaultText: "268435456, and 17179869184 for videos",
  },
  "max-seconds": {
    type: "number",
    value: "N",
    least: 0.001,
    most: 86400,
    group: "Limits",
    does: "Stop reading a file after N seconds.",
    defaultText: "30, and 3600 for videos",
  },
  isolation: {
    type: "choice",
    choices: ["process", "none"],
    value: "WHERE",
    group: "Limits",
    does: "Where images are decoded: in a process of their own that is killed at --max-seconds (`process`), or in this one (`none`).",
    defaultText: "process",
  },
} as const;

export const embeddedOption = {
  embedded: {
    type: "flag",
    group: "Files",
    does: "Also read the video that a motion photograph has behind its image. Without it, such a file is reported, and the exit status is 2.",
  },
} as const;

export const pageOptions = {
  "all-pages": {
    type: "flag",
    group: "Limits",
    does: "Read every image of a file, not only the first: frames of an animation, pages of a TIFF, images behind another one. Without it, such a file is reported, and the exit status is 2.",
  },
  "max-pages": {
    type: "integer",
    value: "N",
    least: 1,
    group: "Limits",
    does: "Refuse files with more than N pages. It counts with --all-pages.",
    defaultText: "1000",
  },
} as const;

/** What PATH may be, in the help of each command that walks folders. */
export const pathsMeaning =
  "A file, a folder or - for standard input. Folders are walked, sorted by name; links to folders are not followed." as const;

/** How files are read; a section of the help. */
export const filesSection = {
  title: "How files are read",
  shared: true,
  text: [
    "The content of a file decides what it is, not its name. In a walked folder, a file that is neither an image nor a video, and is not named like one, is skipped and counted. A file that cannot be read is reported, and the command continues.",
  ],
} as const;

/** How names are escaped; a section of the help. */
export const namesSection = {
  title: "Names",
  shared: true,
  text: [
    "A backslash at the beginning of a line says that a name in it is escaped. Backslashes, control characters and bytes that are not UTF-8 are then written as `\\\\`, `\\n`, `\\r`, `\\t` or `\\xNN`. JSON has such a name in `pathBase64`.",
  ],
} as const;

/** Values of these options, as the parser gives them. */
export interface LimitValues {
  concurrency: number | undefined;
  maxPixels: number | undefined;
  maxBytes: number | undefined;
  maxSeconds: number | undefined;
  isolation: "process" | "none" | undefined;
}

export interface SelectionValues {
  include: string[];
  exclude: string[];
  filesFrom: string[];
  null: boolean;
}
