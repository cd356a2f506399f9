/** What `--help` of the index commands prints. Nothing is imported here, as in help.ts. */

export const indexHelp: string = `empreinte index COMMAND

An index is a known-hash list made ready for searching: a file that is mapped into memory and searched at once,
however long the list. Beside FILE lies FILE.entries, with the lists' names, line numbers and metadata; the two
belong together.

  empreinte index build LIST… -o FILE          make one
  empreinte index info FILE [--json]           what is in it
  empreinte index verify FILE                  check every byte of it
  empreinte index bench FILE [--json]          how fast it is on this machine
  empreinte scan --index FILE PATH…            find the pictures that it contains

  empreinte index COMMAND --help               options and an example

Example: empreinte index build known.csv -o known.idx
`;

export const buildHelp: string = `empreinte index build LIST… -o FILE [--memory full|lean|rows]

Reads the lists (any form that scan --list reads; at most 256) and writes FILE and FILE.entries. There are the old
files or the new ones, whatever happens meanwhile. The position of a list, from 0, is the bank of its entries.

  -o, --output FILE    where to
  --memory KIND        full: the fastest searches (default), 16 tables, some 112 bytes a hash;
                       lean: 8 tables, some 72 bytes, about ten times the time of a query;
                       rows: no tables, some 36 bytes, every search is a scan
  --allow-trivial-hashes   keep entries that would match unrelated pictures (all zero, constant, …)
  --quiet              no progress and no notes; errors are still printed

List lines that cannot be read are reported with their numbers, and the rest goes on.

Example: empreinte index build known.csv partner.csv -o known.idx

Exit status: 0 done, 2 a list could not be read or FILE not written (then there is no new FILE), or a list has no
usable hash (then there is one), 64 wrong usage, 130 stopped by Ctrl-C.
`;

export const infoHelp: string = `empreinte index info FILE [--json]

Prints how many entries the index has, in how many parts, how many of them in parts with tables, its size, and the
lists it was made from. Nothing is checked but headers and lengths: see index verify.

  --json               one JSON object: {"path","rows","parts","indexed","revision","fileBytes","entriesBytes",
                       "lists":[{"name","form","entries","problems"}]}

Example: empreinte index info known.idx

Exit status: 0 printed, 2 FILE or FILE.entries is unfit, 64 wrong usage.
`;

export const verifyHelp: string = `empreinte index verify FILE

Checks every byte of FILE and FILE.entries, and that they belong together. Prints what is wrong. scan --index does
the same before it begins.

Example: empreinte index verify known.idx

Exit status: 0 all is well, 1 damaged, 2 a file cannot be read, 64 wrong usage, 130 stopped by Ctrl-C.
`;

export const benchHelp: string = `empreinte index bench FILE [--json] [--seconds 20]

Measures searches of FILE on this machine: each way (auto is what the library takes by itself; scan, columns, tiled
and multi-index are forced) at radius 15, 31 and 63, with one query, a batch of 32, and the eight variants of one
picture. Prints the median microseconds a query and queries a second, on one thread.

The queries are random hashes: most pictures that are scanned are unrelated to every entry too. All ways must
give the same answers to them; if not, that is said and the status is 1.

  --json               one JSON object: {"path","rows","bytes","kernel","results":[{"radius","queries","way",
                       "microseconds","perSecond","runs"}],"agree","hits"}
  --seconds N          for all measurements together, about (default 20); a slow one still runs once

Example: empreinte index bench known.idx --seconds 5

Exit status: 0 measured, 1 two ways gave different answers, 2 FILE is unfit, 64 wrong usage, 130 stopped by Ctrl-C.
`;
