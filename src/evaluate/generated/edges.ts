import { byte, type Image, painted } from "../draw/image.js";
import type { Random } from "../random.js";
import { someScene } from "./scene.js";

/**
 * Draws a scene in the middle of a dark or bright ground, as portraits before a wall, nights and objects on white are.
 * Its own edges have the colour of a frame, or are up to eight levels off it and noisy, so that little shows where a
 * frame ends.
 */
export function fadingScene(random: Random): Image {
  const scene = someScene(random);
  const { width, height, data } = scene;
  const off = random.chance(0.3) ? 0 : random.integer(1, 8);
  const level = random.chance(0.5) ? off : 255 - off;
  const grain = off === 0 ? 0 : random.between(1, 5);
  const [across, down] = [random.between(0.3, 0.42), random.between(0.3, 0.42)];
  return painted(width, height, (x, y) => {
    const far = Math.hypot((x / width - 0.5) / across, (y / height - 0.5) / down);
    const share = Math.min(1, Math.max(0, (1.1 - far) / 0.2));
    const ground = byte(level + grain * (random.next() + random.next() - 1));
    const i = 3 * (y * width + x);
    const faded = (channel: number): number => ground + share * (data[i + channel]! - ground);
    return [faded(0), faded(1), faded(2)];
  });
}
