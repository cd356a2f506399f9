/** What `--help` of the bank commands prints. Nothing is imported here, as in help.ts. */

const entries = `ENTRY is the source's id of an entry, with --bank and --source, or #17, the store's own number of it.
`;

const actor = `  --actor NAME         who it was, for the audit log (default: the system's user)
`;

const policy = `  --action ACTION      what a match asks for: block, review (default) or log
  --derived ACTION     the strongest that a match by the hash of a part asks for (default review)
  --radius N           most differing bits of a match, 0 … 256 (default 31)
  --min-quality N      below this quality nothing is matched by distance, 0 … 100 (default 50)
  --variants NAMES     which turns of an upload are looked for, with commas, or all (default)
  --labels NAMES       only entries with one of these labels, scheme:code with commas, or all (default)
  --match-ratio R      the share of uploads for which the bank is asked, above 0 … 1 (default 1)
  --seed N             for --match-ratio: another seed is another share (default 0)
  --flood N/S          an entry that hits more than N different uploads within S seconds asks for review at most
                       until it is released; none (default)
`;

const ended = `Exit status: 0 done, 2 trouble, 64 wrong usage, 130 stopped by Ctrl-C.
`;

export const bankHelp: string = `empreinte bank COMMAND

A store is one file with any number of banks; a bank has sources, a source has entries, an entry has hashes. Beside
FILE lies FILE.index, which is made from it.

  empreinte bank create FILE BANK              make a bank, and the store where there is none
  empreinte bank import FILE LIST… --bank B --source S   take over what a source says
  empreinte bank info FILE                     banks, policies, sources, how many entries
  empreinte bank list FILE                     the entries, their hashes cut to 8 digits
  empreinte bank policy FILE BANK              show or change how a bank decides
  empreinte bank withdraw FILE ENTRY…          end entries: they match no longer, their hashes are gone
  empreinte bank erase FILE ENTRY…             the same, and nothing of them stays
  empreinte bank quarantine FILE               what is held back, or has hit too many uploads, and why
  empreinte bank release FILE ENTRY…           let it match
  empreinte bank export FILE --to FORMAT -o OUT   the entries as a list, with whole hashes
  empreinte bank audit FILE                    who did what, and when
  empreinte bank verify FILE                   check every byte of the store, and its index against it
  empreinte scan --bank FILE PATH…             what the banks say of each picture and video

  empreinte bank COMMAND --help                options and an example

Example: empreinte bank create known.bank ncii --action block
`;

export const bankCreateHelp: string = `empreinte bank create FILE BANK [--action block] [--radius 31] …

Makes a bank in the store FILE, and FILE, readable by you alone, where there is none.

  --purpose TEXT       what it is for
  --negative           its entries are known false alarms: a match suppresses those that are not nearer
${policy}${actor}
Example: empreinte bank create known.bank ncii --action block --flood 100/3600

${ended}`;

export const bankImportHelp: string = `empreinte bank import FILE LIST… --bank BANK --source SOURCE

Takes over what a source says of its entries: new ones, changed ones, withdrawn ones. Entries that LIST does not name
stay as they are; the same list a second time changes nothing. LIST is in any format that "empreinte list check" reads,
told by its content; - is standard input. It can be stopped: the same command goes on behind what was taken.

Lines that "empreinte register --derived" made are one entry with the picture's line that they follow.

Hashes that would match unrelated pictures (all zero, constant, grids), those of a known quality below --min-quality and
those that hit the --benign sample are held back: see bank quarantine. Derived hashes of that kind are left out.

  --bank BANK          which bank
  --source SOURCE      whose entries they are: ids are the source's own
  --benign PATH        a list, a picture or a folder of pictures known to be harmless; may be repeated
  --benign-radius N    differing bits up to which a hash hits one of them (default 31)
  --min-quality N      0 … 100 (default 50)
  --restart            from the first entry on, whatever was taken before
  --from FORMAT        read it as this format
  --column WHAT=NAME   of a CSV: as in "empreinte list check --help"; also --delimiter, --no-header, --nation
  --json               an object a list: {"list","added","changed","unchanged","withdrawn","quarantined","stale",
                       "refused","derivedLeftOut","problems"}
  --quiet              no progress and no notes; errors are still printed
${actor}
Example: empreinte bank import known.bank page1.xml page2.xml --bank ncmec --source industry

Exit status: 0 done, 2 some entries or lists could not be read (the others are taken), 64 wrong usage, 130 stopped.
`;

export const bankInfoHelp: string = `empreinte bank info FILE [--json]

Prints the store's revision and size, its banks with their policies, and how many entries each source has.

Example: empreinte bank info known.bank

${ended}`;

export const bankListHelp: string = `empreinte bank list FILE [--bank BANK [--source SOURCE]] [--status STATUS] [--derived] [--json]

Prints a line an entry, tabs between: #number, bank, source, the source's id, status, labels or the reason, hashes cut
to 8 digits.

  --status STATUS      active, quarantined or withdrawn
  --derived            also the hashes of parts, each behind its part's name
  --json               an object a line

Example: empreinte bank list known.bank --bank ncii --status withdrawn

${ended}`;

export const bankPolicyHelp: string = `empreinte bank policy FILE BANK [--action block] [--radius 31] …

Changes what is given of a bank's policy, leaves the rest, and prints it.

${policy}  --json               as JSON
${actor}
Example: empreinte bank policy known.bank ncii --radius 24 --flood none

${ended}`;

const end = (what: string, name: string): string => `empreinte bank ${name} FILE ENTRY… | --case C | --hash H | --all

${what}
Prints how many entries and hashes it was, after how long no search found them, and after how long the bytes were gone.

  --bank, --source     for an ENTRY by its id, and for --all
  --all                every entry of the source, and what it withdrew itself, for good
  --case CASE          every entry of a case; may be repeated
  --hash HASH          every entry that has this hash or had it; - reads hashes from standard input, where neither
                       the shell's history nor the list of processes has them; may be repeated
  --type TYPE          of --hash: pdq (default), vpdq, md5, sha1, sha256
  --json               an object each: {"revision","entries","signals","stoppedAfter","goneAfter"}
${actor}
${entries}
Example: empreinte bank ${name} known.bank 17 --bank ncii --source hotline

Exit status: 0 done, 2 there was nothing of it, or trouble, 64 wrong usage.
`;

export const bankWithdrawHelp: string = end(
  `Ends entries: they match no longer and their hashes are gone from the store and its index when this is done. Labels,
cases and times stay. Their source cannot bring them back.`,
  "withdraw",
);

export const bankEraseHelp: string = end(
  `As bank withdraw, and nothing stays but a keyed digest of the source's id, which keeps the entry out.`,
  "erase",
);

export const bankQuarantineHelp: string = `empreinte bank quarantine FILE [--json]

Prints what does not match until it is released, and what asks for review at most (flooded), a line each as bank list
does, with the reason.

Example: empreinte bank quarantine known.bank

${ended}`;

export const bankReleaseHelp: string = `empreinte bank release FILE ENTRY… [--bank BANK --source SOURCE]

Lets entries match that are quarantined, and count as before that are flooded.

${actor}
${entries}
Example: empreinte bank release known.bank '#17'

Exit status: 0 done, 2 some were neither, or are not there, 64 wrong usage.
`;

export const bankExportHelp: string = `empreinte bank export FILE --to FORMAT -o OUT [--bank BANK [--source SOURCE]]

Writes entries with their whole hashes: keep OUT as carefully as FILE. It has mode 0600, and is there whole or not at
all; - is standard output. What the format cannot hold is counted. The audit log says that it was done.

  --to FORMAT          plain, signal-csv, stopncii, vics-2.0, vpdq-lines, vpdq-json, vpdq-json-object, or json:
                       everything the store has of an entry, a line each
  --status STATUS      active (default), quarantined, withdrawn or all
  --derived            also the hashes of parts of pictures: not for a list that others get
  --nation CODE        of VICS: whose categories (us, uk, ca, …)
  --quiet              no progress and no notes; errors are still printed
${actor}
Example: empreinte bank export known.bank --bank ncii --to signal-csv -o ncii.csv

${ended}`;

export const bankAuditHelp: string = `empreinte bank audit FILE [--after N] [--keep DAYS]

Prints what was done to the store, by whom and when, oldest first, as JSON Lines: {"number","time","who","what",
"revision","detail"}. Hashes are cut to 8 digits, entries named by their number. Nothing is ever changed or taken out of
the log but what is older than its retention, a year unless it is changed.

  --after N            only records after this number
  --keep DAYS          from now on, and what is older is forgotten at once, 1 … 36,600
${actor}
Example: empreinte bank audit known.bank

${ended}`;

export const bankVerifyHelp: string = `empreinte bank verify FILE

Checks every byte of the store, every hash in it against the index, and the audit log. Prints what differs, a line each.

Example: empreinte bank verify known.bank

Exit status: 0 all is well, 1 something is wrong, 2 FILE cannot be read, 64 wrong usage.
`;
