/** What `--help` of the list commands prints. Nothing is imported here, as in help.ts. */

const formats = `Formats, told by content: plain, signals and signal-csv (python-threatexchange), stopncii, ncmec (XML v2),
vics-1.3, vics-2.0 (Project VIC), threatexchange (threat_updates), tech-against-terrorism, vpdq-lines, vpdq-json,
vpdq-json-object. Any other CSV is read by --column.
`;

const reading = `  --from FORMAT        read it as this format
  --column WHAT=NAME   of a CSV: which column has what; NAME is its name or, from 1, its number. WHAT is pdq, md5,
                       sha1, sha256, id, quality, time, case, status or label:SCHEME. May be repeated
  --delimiter CHAR     of a CSV (default: told by its first line; "tab" for a tab)
  --no-header          of a CSV: its first line is an entry
  --nation CODE        of VICS, where it does not say: whose categories these are (us, uk, ca, …)
`;

export const listHelp: string = `empreinte list COMMAND

  empreinte list check FILE [--json]           what is in a list, and what is wrong with it
  empreinte list convert FILE -o OUT --to FORMAT   the same list in another format

  empreinte list COMMAND --help                options and an example

${formats}
Example: empreinte list check ncmec.xml
`;

export const listCheckHelp: string = `empreinte list check FILE [--json]

Reads a list to its end and prints its format, how many entries, signals and labels it has, how many are withdrawn,
and which hashes are degenerate (they would match unrelated pictures); what cannot be read, with its place. FILE may
be - for standard input.

${reading}  --json               one JSON object: {"path","format","entries","withdrawn","signals","others","labels",
                       "degenerate","problems","page","whole"}
  --quiet              no problems one by one, no progress

${formats}
Example: empreinte list check --column md5=MD5 --column label:iwf=Category members.csv

Exit status: 0 all is well, 1 some entries have problems or are degenerate, 2 the list cannot be read, or not to its
end, 64 wrong usage, 130 stopped by Ctrl-C.
`;

export const listConvertHelp: string = `empreinte list convert FILE -o OUT --to FORMAT

Writes the list in another format: plain, signal-csv, stopncii, vics-2.0, vpdq-lines, vpdq-json or
vpdq-json-object. FILE may be - for standard input, OUT for standard output. There is a whole OUT afterwards, readable
by its owner only, or the old one. What the format cannot hold is counted by name on standard error.

  -o, --output OUT     where to
  --to FORMAT          the format to write
${reading}  --quiet              no problems one by one, no progress, not what was left out

${formats}
Example: empreinte list convert vics.json -o known.csv --to signal-csv

Exit status: 0 done, 1 done, but some entries had problems, 2 FILE cannot be read to its end
or OUT not written (then there is no new OUT), 64 wrong usage, 130 stopped by Ctrl-C.
`;
