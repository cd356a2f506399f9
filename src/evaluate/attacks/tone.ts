import { mix, type Image, recoloured, toned } from "../draw/image.js";
import { clahe, modulated } from "../sharp.js";
import { about, type SuiteAttack, family } from "./attack.js";

type FamilyAttack = Omit<SuiteAttack, "family">;

const added = (name: string, amount: number): FamilyAttack => ({
  name,
  description: `${Math.abs(amount)} levels ${amount > 0 ? "brighter" : "darker"}, cut at the end of the range.`,
  apply: (image, random) => {
    const by = about(random, amount);
    return toned(image, (sample) => sample + by);
  },
});

const multiplied = (name: string, factor: number): FamilyAttack => ({
  name,
  description: `Every sample times ${factor}, cut at the end of the range.`,
  apply: (image, random) => {
    const by = about(random, factor);
    return toned(image, (sample) => sample * by);
  },
});

const contrast = (factor: number): FamilyAttack => ({
  name: `contrast-${factor}`,
  description: `Contrast about middle grey times ${factor}.`,
  apply: (image, random) => {
    const by = about(random, factor);
    return toned(image, (sample) => 128 + (sample - 128) * by);
  },
});

const gamma = (exponent: number): FamilyAttack => ({
  name: `gamma-${exponent}`,
  description: `Every sample, taken as 0 … 1, to the power of ${exponent}.`,
  apply: (image, random) => {
    const power = about(random, exponent);
    return toned(image, (sample) => 255 * (sample / 255) ** power);
  },
});

const luma = (r: number, g: number, b: number): number => 0.299 * r + 0.587 * g + 0.114 * b;

/** Darker towards the corners, which keep `least` of their light. */
export function vignetted(image: Image, least: number): Image {
  const { width, height } = image;
  const data = new Uint8Array(image.data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const far = ((2 * x) / width - 1) ** 2 + ((2 * y) / height - 1) ** 2;
      const light = mix(1, least, (far / 2) ** 1.2);
      for (let c = 0; c < 3; c++, i++) data[i] = image.data[i]! * light;
    }
  }
  return { ...image, data };
}

/** The share of every level of luma made equal. */
function equalised(image: Image): Image {
  const counts = new Float64Array(256);
  const { data } = image;
  for (let i = 0; i < data.length; i += 3) counts[Math.round(luma(data[i]!, data[i + 1]!, data[i + 2]!))]! += 1;
  let sum = 0;
  const level = counts.map((count) => (sum += count));
  return recoloured(image, (r, g, b, out) => {
    const before = luma(r, g, b);
    const after = (255 * level[Math.round(before)]!) / sum;
    // The chroma stays, as editors that work on lightness have it.
    out[0] = r + after - before;
    out[1] = g + after - before;
    out[2] = b + after - before;
  });
}

/** Grey mixed with the colours: 0 is grey, 1 the image, more is more. */
function saturated(image: Image, amount: number): Image {
  return recoloured(image, (r, g, b, out) => {
    const grey = luma(r, g, b);
    out[0] = mix(grey, r, amount);
    out[1] = mix(grey, g, amount);
    out[2] = mix(grey, b, amount);
  });
}

const saturation = (amount: number): FamilyAttack => ({
  name: `saturation-${amount}`,
  description: `Colours times ${amount}.`,
  apply: (image, random) => saturated(image, about(random, amount)),
});

/** What photo apps call a filter: lifted blacks, an S-curve, a warm or cold cast, a light vignette. */
export function appFilter(image: Image, warm: number, strength: number): Image {
  const curve = (sample: number): number => {
    const x = sample / 255;
    return 255 * mix(x, 0.08 + 0.87 * x * x * (3 - 2 * x), strength);
  };
  const cast = recoloured(toned(image, curve), (r, g, b, out) => {
    out[0] = r * (1 + 0.12 * warm);
    out[1] = g;
    out[2] = b * (1 - 0.15 * warm);
  });
  return vignetted(cast, 0.75);
}

export const tone: SuiteAttack[] = family("tone", [
  added("brighter-50", 50),
  added("darker-50", -50),
  multiplied("brightness-1.5", 1.5),
  multiplied("brightness-0.4", 0.4),
  contrast(0.5),
  contrast(1.8),
  gamma(0.5),
  gamma(2),
  {
    name: "vignette",
    description: "Darker towards the corners, which keep 20 … 35 % of their light.",
    apply: (image, random) => vignetted(image, random.between(0.2, 0.35)),
  },
  {
    name: "hue-120",
    description: "All hues turned by 110 … 130 degrees, one way or the other.",
    apply: (image, random) => modulated(image, { hue: Math.round(random.sign() * random.between(110, 130)) }),
  },
  {
    name: "local-contrast",
    description:
      "Contrast-limited adaptive histogram equalisation over 6 × 6 … 10 × 10 tiles, as \u201cHDR\u201d looks have it.",
    apply: (image, random) => clahe(image, random.integer(6, 10), random.integer(3, 5)),
  },
  { name: "equalise", description: "Histogram of the luma equalised.", apply: equalised },
  {
    name: "negative",
    description: "Every sample from 255.",
    apply: (image) => toned(image, (sample) => 255 - sample),
  },
  { name: "grey", description: "Without colours.", apply: (image) => saturated(image, 0) },
  saturation(0.3),
  saturation(2),
  {
    name: "sepia",
    description: "Brown tones of the luma.",
    apply: (image) =>
      recoloured(image, (r, g, b, out) => {
        const grey = luma(r, g, b);
        out[0] = 1.07 * grey + 18;
        out[1] = 0.92 * grey + 6;
        out[2] = 0.72 * grey;
      }),
  },
  {
    name: "app-filter",
    description: "A photo app's filter: lifted blacks, an S-curve, a warm or cold cast and a light vignette.",
    apply: (image, random) => appFilter(image, random.sign() * random.between(0.5, 1), random.between(0.6, 1)),
  },
]);
