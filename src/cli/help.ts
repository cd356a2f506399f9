/** What `--help` prints. Nothing is imported here, so that help is there even where the addon does not load. */

export const help: string = `empreinte: has this picture been seen before?

  empreinte hash [options] PATH…               print the PDQ hash of each picture, of a video's frames
  empreinte register [options] PATH…           make a list of pictures that you have, and of parts of them
  empreinte scan --list FILE [options] PATH…   find the pictures and videos that a known-hash list contains
  empreinte scan --index FILE [options] PATH…  the same with an index, for long lists
  empreinte index build LIST… -o FILE          make an index; also index info, index verify, index bench
  empreinte bank create FILE BANK              keep known hashes with their sources, policies and withdrawals: see bank
  empreinte scan --bank FILE [options] PATH…   what the policies of its banks say of pictures and videos
  empreinte list check FILE                    what is in a list; also list convert, into another format
  empreinte video match A B                    which stretches of a video are in another
  empreinte evaluate FOLDER                    how well altered copies of these pictures are found
  empreinte doctor [--json]                    what this machine has, and a self-test

  empreinte COMMAND --help                     options and an example
  empreinte --version

Exit status: 0 nothing found (hash, index, doctor: all is well), 1 found (index, doctor: something is wrong),
2 trouble with some input, 64 wrong usage, 130 stopped by Ctrl-C.
`;

const inputs = `PATH is a file, a folder (walked, sorted by name; links to folders are not entered) or - for standard
input. What a file is, its content decides. In a walked folder a file that is no picture or video, and
is not named like a picture, is passed over and counted on standard error; a file named on the command line is
never passed over.
A file that cannot be read is reported and the rest goes on.
`;

const limits = `  --all-pages          every page of an animation or TIFF, not only the first
  --concurrency N      files at a time (default: one for each processor, at most 4)
  --max-pixels N       most pixels of a page (default 134217728)
  --max-bytes N        most bytes of a file (default 268435456)
  --max-seconds N      most seconds for a file (default 30)
  --max-pages N        most pages with --all-pages (default 1000)
  --quiet              no progress and no notes; errors are still printed
`;

const names = `A line that begins with a backslash has a name with a backslash, a control character or bytes that are not
UTF-8 in it, escaped as \\\\, \\n, \\r, \\t or \\xNN. With --json such bytes are in "pathBase64".
`;

export const hashHelp: string = `empreinte hash [--json] [--orientations] [--compat cpp-cli] PATH…

Prints a line a file, in the order of the files: hash, quality (0 … 100), path, two spaces between.

  --json               JSON Lines: {"path","kind","hash","quality","stable","width","height"},
                       or {"path","error":{"code","message"}}
  --orientations           also the hashes of the picture turned and mirrored: eight lines a file,
                       hash, quality, variant, path; "orientations" in JSON
  --sampling HOW       frames of a video: a number a second, all, keyframes (fast: the rest is not decoded) or
                       adaptive (all are looked at, each run of equal ones is one) (default 1)
  --compat cpp-cli     first to 512×512, as the reference's command-line tool does (other hashes!)
${limits}
${inputs}
${names}
A video has a line a frame: hash, quality, time, path; in JSON "kind":"video" and its signature. Videos are read
from files, by ffmpeg, which "empreinte doctor" looks for.

With --all-pages each page has its line, its number before the path (page-0, page-1, …); "frames" in JSON.

Example: empreinte hash --json photos/ > hashes.jsonl

Exit status: 0 all were hashed, 2 some could not be, 64 wrong usage, 130 stopped by Ctrl-C.
`;

export const registerHelp: string = `empreinte register [--derived] [--level standard|thorough] [--json] [-o FILE] PATH…

Prints a line of a list for each picture: hash, path. With --derived also the hashes of parts that people cut out of
such pictures: an altered copy of such a part is found where nothing of the whole picture's hash is left. These describe
the picture better than a list needs: keep such a list to yourself, and share the one without them.

  --derived            also the hashes of parts, behind the picture's line, marked ;crop=NAME
  --level LEVEL        of --derived: standard (default), at most 24 parts a picture, or thorough, at most 60
  --metadata TEXT      stands behind each hash instead of the path
  -o FILE              where to, with mode 0600, whole or not at all (default: standard output)
  --json               JSON Lines: {"path","hash","quality","stable"}, with --derived also
                       "derived":[{"hash","quality","name","region"}]; "skipped":"quality" or "unstable" where the hash
                       would match unrelated pictures: such a picture is not listed
  --concurrency N      files at a time (default: one for each processor, at most 4)
  --max-pixels N       most pixels of a page (default 134217728)
  --max-bytes N        most bytes of a file (default 268435456)
  --max-seconds N      most seconds for a file (default 30)
  --quiet              no progress and no notes; errors are still printed

${inputs}
"empreinte bank import" and, with --level, "empreinte scan" take the lines of one picture as one entry.

Example: empreinte register --derived -o mine.csv photos/

Exit status: 0 all are listed, 2 some could not be, 64 wrong usage, 130 stopped by Ctrl-C.
`;

export const scanHelp: string = `empreinte scan --list FILE | --index FILE | --bank FILE | --video-signature FILE [--radius 31] [--json] PATH…

Prints a line a match, tabs between: path, distance, list:line, variant of the picture that matched, metadata.
A match is a lead, not a verdict.

  --list FILE          a known-hash list; may be repeated. Its format is told by its content: any that "empreinte list
                       --help" names. MD5, SHA-1 and SHA-256 in it match the same bytes, of any file: distance 0,
                       the digest's name for the variant
  --index FILE         an index that "empreinte index build" made of lists, which is checked and then searched
                       without being read first; may be repeated, and stand beside --list
  --video-signature FILE  a known video: the video itself, its vPDQ signature in any of the text forms, or what
                       "empreinte hash --json" printed of videos and pictures; may be repeated. Prints a line for
                       each stretch: clip.mp4 00:12–00:47 = FILE 01:03–01:38, 96 %
  --bank FILE          a store that "empreinte bank create" made, without a list: its policies decide. Prints path,
                       action, distance, variant or exact (the same bytes), bank, source, entry, labels; behind the
                       variant "of" and the name of the part whose hash it is near, where "empreinte register" made it.
                       With --level what is found for review is never blocked
  --audit              of --bank: write what is not passed to its audit log; --actor NAME says who scans
  --sampling HOW       frames of a scanned video: a number a second, all, keyframes or adaptive (default all)
  --radius N           most differing bits of a match, 0 … 256 (default 31)
  --min-quality N      pictures below this quality are not matched, 0 … 100 (default 50)
  --no-orientations        match the picture as it is, not turned or mirrored
  --level LEVEL        find altered copies of pictures: fast (turned, mirrored), standard (also framed, captioned,
                       in a screenshot or collage, slightly cropped) or thorough (also cropped and turned further).
                       A line a match: path, distance, list:line, variant, match or review, corners in percent of
                       the picture or "whole", metadata. Not with --radius and the other three before this.
                       With standard and thorough, videos that are framed, between bars or in another picture
                       are found as well, turned and mirrored too: ", trimmed" ends such a line. Of known videos
                       also what is cropped, zoomed into or turned by some degrees: ", zoom-out" and the like
  --allow-trivial-hashes   load list entries that would match unrelated pictures (all zero, constant, …)
  --json               JSON Lines, an object a file:
                       {"path","hash","quality","matches":[{"distance","list","entry","variant","metadata"}]},
                       with "skipped":"quality" or "unstable" where a picture is not matched for that reason,
                       or {"path","error":{"code","message"}}. "exact":[{"type","list","entry","metadata"}] where
                       the very bytes are in a list; of a file that cannot be decoded it has a line of its own.
                       Of a video "matches" has "timestampSeconds", in the text before the metadata; with
                       --video-signature there is "videos" with their segments. With --bank:
                       {"path","hash","quality","action","matches","reasons","revision","prequalification"}
${limits}
${inputs}
List lines that cannot be read are reported with their numbers; a list without one usable hash is trouble.
${names}
Example: empreinte scan --list known.csv uploads/

Exit status: 0 nothing found, 1 found, 2 some file, list or index could not be read (matches in the others
are printed), 64 wrong usage, 130 stopped by Ctrl-C.
`;

export const doctorHelp: string = `empreinte doctor [--json]

Prints what this machine has (versions, processor, kernels, image formats, ffmpeg) and tests itself: known
answers on every kernel, search against brute force, and a picture through the decoder.

  --json               one JSON object

Example: empreinte doctor

Exit status: 0 all is well, 1 something is wrong, 64 wrong usage.
`;
