/** What `--help` of evaluate prints. Nothing is imported here, as in help.ts. */

export const evaluateHelp: string = `empreinte evaluate FOLDER [--level LEVEL]… [--attacks NAMES] [--report DIR]

Measures how well altered copies of the pictures in FOLDER are found: each is altered as people do (some 110 attacks:
recompressed, cropped, framed, captioned, in screenshots, turned, photographed from a screen, …), hashed, and looked up
among the originals, unrelated and generated pictures. Prints a line a level: mean recall with its 95 % interval, and
false matches. Videos in FOLDER are edited by ffmpeg, 18 ways, and looked up as clips. The same FOLDER, seed
and versions give the same figures, but for times.

  --level LEVEL        plain: one hash; fast, standard, thorough: as scan --level has them; registered: thorough, and
                       hashes of crops in the list; may be repeated (default: plain, fast and standard)
  --attacks NAMES      suite (default), quick (25 of all families), or names of attacks, families and video edits,
                       with commas; video is all of these
  --list-attacks       print the attacks, a line each: name, family, what it does; and stop
  --unrelated FOLDER   pictures that are no copies: listed beside the originals, and looked up for false matches
  --unrelated-attacks N  attacks on each unrelated and generated picture beside itself (default 1)
  --generated N        generated scenes, texts, conversations, charts, title cards, feeds: N of each (default 20)
  --distances NAME:BITS:RADIUS=FILE  another hasher's distances, from CSV: query,entry,distance; may be repeated
  --write-pictures DIR write what would be looked up, with queries.csv, for other hashers; and stop
  --report DIR         write report.json, report.csv and report.html (one page, no network), and state.jsonl, from
                       which an evaluation that was ended goes on when it is started again
  --restart            begin anew, whatever state DIR has
  --seed N             decides texts, colours, places and amounts (default 1)
  --list-size N        for the expected false matches: entries of your list (default 1000000)
  --per-day N          and pictures a day (default 1000000)
  --min-recall NAME=SHARE  exit status 1 when the last level's recall is less; NAME is an attack, a family, a video edit,
                       mean or video;
                       may be repeated
  --max-fp N           exit status 1 when the last level has more false matches than N pairs
  --concurrency N      pictures made at a time (default: one for each processor, at most 4)
  --json               print the whole report as one JSON object instead
  --quiet              no progress and no notes; errors are still printed

Misses and false matches are shown only as blurhashes. --write-pictures writes pictures as they are: remove them.

Example: empreinte evaluate photos --attacks quick --report out

Exit status: 0 done, 1 less than --min-recall or more than --max-fp, 2 a picture could not be read (the others were
evaluated) or DIR not written, 64 wrong usage, 130 stopped by Ctrl-C.
`;
