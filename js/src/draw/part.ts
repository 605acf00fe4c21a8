/** Parts of a picture: where a receptive field lies on it, and what to show around it. */
import type { Bitmap } from "./picture";

/** Rows y0 … y1 and columns x0 … x1 of a picture, the ends not included. */
export type Box = readonly [y0: number, x0: number, y1: number, x1: number];

/** A field that covers more of the picture than this is seen well enough on the whole. */
const LARGE = 0.4;
/** Context on each side, as a share of the field's longer side, and in pixels at least. */
const CONTEXT = { share: 0.15, least: 2 };

const between = (least: number, value: number, most: number) => Math.min(most, Math.max(least, value));

/** The pixels of the picture that lie in a box, which may reach beyond it. */
export function inside([y0, x0, y1, x1]: Box, height: number, width: number): Box {
  const [top, left] = [between(0, Math.floor(y0), height - 1), between(0, Math.floor(x0), width - 1)];
  return [top, left, between(top + 1, Math.ceil(y1), height), between(left + 1, Math.ceil(x1), width)];
}

/** What to show of the picture to see a small receptive field: the field with a little context, else null. */
export function partAround(field: Box, height: number, width: number): Box | null {
  const [y0, x0, y1, x1] = inside(field, height, width);
  if ((y1 - y0) * (x1 - x0) >= LARGE * height * width) return null;
  const margin = Math.max(CONTEXT.least, Math.round(CONTEXT.share * Math.max(y1 - y0, x1 - x0)));
  return inside([y0 - margin, x0 - margin, y1 + margin, x1 + margin], height, width);
}

/** The pixels of a part that lies within the picture. */
export function cut({ pixels, width }: Bitmap, [y0, x0, y1, x1]: Box): Bitmap {
  const out = { height: y1 - y0, width: x1 - x0, pixels: new Uint32Array((y1 - y0) * (x1 - x0)) };
  for (let y = y0; y < y1; y++) {
    out.pixels.set(pixels.subarray(y * width + x0, y * width + x1), (y - y0) * out.width);
  }
  return out;
}

/** `rows 40–89, columns 12–61`, both ends included. */
export const placeOf = ([y0, x0, y1, x1]: Box): string => `rows ${y0}–${y1 - 1}, columns ${x0}–${x1 - 1}`;
