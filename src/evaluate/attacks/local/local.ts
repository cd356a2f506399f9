/** The family "local": what leaves only a part of an image, or little of its whole, so that its hash is of no use. */
import { night } from "../../draw/colours.js";
import { mirrored } from "../../draw/image.js";
import { jpeg, resized } from "../../sharp.js";
import { family, type SuiteAttack } from "../attack.js";
import { withCaption } from "../overlay.js";
import { inFeed } from "../screen.js";
import { appFilter } from "../tone.js";
import { inside, onTiltedPlane } from "./inside.js";
import type { LocalAttack } from "./local-attack.js";
import { styles } from "./styles.js";
import { marks, withStickers } from "./marks.js";
import { part, parts, turnedOn } from "./parts.js";

const several: readonly LocalAttack[] = [
  {
    name: "part-50-stickers-30",
    description: "A part of 50 % with stickers over 30 % of it.",
    apply: (image, random) => withStickers(part(image, 50, random), 0.3, random),
  },
  {
    name: "part-30-mirror-feed",
    description: "A part of 30 %, mirrored, in a dark feed.",
    apply: (image, random) => inFeed(mirrored(part(image, 30, random)), night(random), random),
  },
  {
    name: "part-50-filter-jpeg-30",
    description: "A part of 50 % with a photo app's filter, resized to 70 % and saved as JPEG of quality 30.",
    async apply(image, random) {
      const filtered = appFilter(part(image, 50, random), random.sign() * 0.8, 0.9);
      return jpeg(await resized(filtered, 0.7 * filtered.width, 0.7 * filtered.height), 30);
    },
  },
  {
    name: "part-50-mirror-tilt-15",
    description: "A part of 50 %, mirrored, as a print that is tilted by 15°.",
    apply: (image, random) => onTiltedPlane(mirrored(part(image, 50, random)), 15, random),
  },
  {
    name: "part-30-turn-10-caption",
    description: "A part of 30 % with capitals over it, turned by 10°.",
    apply: (image, random) => turnedOn(withCaption(part(image, 30, random), "bottom", random), 10, random),
  },
];

export const local: SuiteAttack[] = family("local", [...parts, ...inside, ...marks, ...styles, ...several]);
