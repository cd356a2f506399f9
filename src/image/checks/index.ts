import { unsupported } from "../decode/refusals.js";
import { hasImagesBelow } from "../formats/tiff-pages.js";
import type { Encoded } from "../input/encoded.js";
import { prepareAvif } from "./avif.js";
import { checkGif } from "./gif.js";
import { checkHeic } from "./heic.js";
import { checkJp2 } from "./jp2.js";
import { checkJpeg } from "./jpeg.js";
import { checkJxl } from "./jxl.js";
import { checkPng } from "./png.js";
import { checkWebp } from "./webp.js";

/**
 * Checks an image before the decoder gets it, by its headers and markers: what it is, whether its data go to their end,
 * and what decoding it would cost. The pages of a TIFF are checked one by one. It takes linear time and no more memory
 * than the image has.
 *
 * @param all whether all pages are to be decoded.
 * @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT`, `ERR_EMPREINTE_CORRUPT` @throws {LimitError}
 */
export async function checkImage(image: Encoded, all: boolean): Promise<void> {
  const { format } = image;
  if (format === "jpeg") checkJpeg(image);
  else if (format === "png") await checkPng(image);
  else if (format === "gif" && all) await checkGif(image);
  else if (format === "webp") checkWebp(image, all);
  else if (format === "avif") prepareAvif(image, all);
  else if (format === "heic") checkHeic(image, all);
  else if (format === "jxl") checkJxl(image);
  else if (format === "jp2") checkJp2(image, all);
  else if (format === "tiff" && all && hasImagesBelow(image.bytes))
    throw unsupported(image, "a TIFF with images below a page, as a DNG has them");
}
