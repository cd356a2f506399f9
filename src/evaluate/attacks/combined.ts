import { paper, white } from "../draw/colours.js";
import { cropped, framed, mirrored, toned } from "../draw/image.js";
import { jpeg, resized } from "../sharp.js";
import { about, type SuiteAttack, family } from "./attack.js";
import { trimmed } from "./crop.js";
import { withBar } from "./frame.js";
import { withCaption, withLogo } from "./overlay.js";
import { turnedAndCut } from "./rotation.js";
import { inFeed } from "./screen.js";
import { appFilter } from "./tone.js";

export const combined: SuiteAttack[] = family("combined", [
  {
    name: "mirror-half-jpeg-50",
    description: "Mirrored, resized to a half and saved as JPEG of quality 50.",
    async apply(image) {
      return jpeg(await resized(mirrored(image), image.width / 2, image.height / 2), 50);
    },
  },
  {
    name: "crop-5-caption-bar",
    description: "5 % cut off at each side, then a bar with text above or below, 15 … 25 % of the height.",
    apply: (image, random) =>
      withBar(
        trimmed(image, about(random, 0.05)),
        random.chance(0.5) ? "above" : "below",
        random.between(0.15, 0.25),
        random,
      ),
  },
  {
    name: "filter-crop-5-logo",
    description: "A photo app's filter, 5 % cut off at each side, a badge of 12 % in a corner.",
    apply: (image, random) =>
      withLogo(trimmed(appFilter(image, random.sign() * 0.7, 0.8), about(random, 0.05)), 0.12, random),
  },
  {
    name: "crop-10-mirror",
    description: "10 % cut off at each side, and mirrored.",
    apply: (image, random) => mirrored(trimmed(image, about(random, 0.1))),
  },
  {
    name: "rotate-3-brighter",
    description: "Turned by 3° and cut, 30 levels brighter.",
    apply: (image, random) => toned(turnedAndCut(image, random.sign() * about(random, 3)), (sample) => sample + 30),
  },
  {
    name: "border-mirror",
    description: "Mirrored, with a white border of 5 %.",
    apply(image, random) {
      const width = about(random, 0.05) * Math.max(image.width, image.height);
      return framed(mirrored(image), { left: width, top: width, right: width, bottom: width }, white);
    },
  },
  {
    name: "screenshot-cropped",
    description:
      "A screenshot of a feed cut to the image and a strip of 3 … 12 % of the width around it, in JPEG of quality 60.",
    async apply(image, random) {
      const shot = await inFeed(image, paper(random), random);
      const shown = (image.height * shot.width) / image.width;
      // The image begins behind the status bar and the head, as inFeed has it.
      const top = Math.round((3.4 * 0.024 + 0.12) * shot.width);
      const over = random.between(0.03, 0.12) * shot.width;
      const under = random.between(0.03, 0.12) * shot.width;
      return jpeg(cropped(shot, 0, top - over, shot.width, shown + over + under), 60);
    },
  },
  {
    name: "caption-resize-jpeg-30",
    description: "Capitals over the lower part, resized to 60 % and saved as JPEG of quality 30.",
    async apply(image, random) {
      const meme = withCaption(image, "bottom", random);
      return jpeg(await resized(meme, 0.6 * image.width, 0.6 * image.height), 30);
    },
  },
]);
