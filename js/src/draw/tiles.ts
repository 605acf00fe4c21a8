/** A grid of small maps painted into one pixel buffer: only the rows that can be seen. */
import type { Lut } from "./colour";

export interface Geometry {
  columns: number;
  rows: number;
  /** Painted size of one map, in pixels. */
  tileWidth: number;
  tileHeight: number;
  /** Distance from one tile to the next. */
  pitchX: number;
  pitchY: number;
}

export const GAP = 6;
const CAPTION = 14;
const LABELLED = { swatch: 18, pitchX: 168, pitchY: 24 };
const MEANT = 48;

/** A whole multiple of the map's own size near 48 pixels keeps its cells even; where it may, a fraction. */
export function tileScale(extent: number, shrink = true): number {
  if (extent <= 64 || !shrink) return Math.max(1, Math.round(MEANT / extent));
  return 1 / Math.ceil(extent / 64);
}

/** How tiles of `height × width` maps fill a strip `available` pixels wide; 1 × 1 maps become labelled rows. */
export function layTiles(
  count: number,
  height: number,
  width: number,
  available: number,
  shrink = true,
): Geometry {
  const single = height === 1 && width === 1;
  const scale = tileScale(Math.max(height, width), shrink);
  const tileWidth = single ? LABELLED.swatch : Math.max(1, Math.round(width * scale));
  const tileHeight = single ? LABELLED.swatch : Math.max(1, Math.round(height * scale));
  const least = single ? LABELLED.pitchX : Math.max(tileWidth, 28) + GAP;
  const columns = Math.max(1, Math.min(count, Math.floor((available + GAP) / least)));
  const pitchX = Math.max(least, Math.floor((available + GAP) / columns));
  const pitchY = single ? LABELLED.pitchY : tileHeight + CAPTION + GAP;
  return { columns, rows: Math.ceil(count / columns), tileWidth, tileHeight, pitchX, pitchY };
}

/** First row and the row after the last that touch `top … top + height`. */
export function visibleRows(g: Geometry, top: number, height: number): [number, number] {
  const first = Math.max(0, Math.floor(top / g.pitchY));
  return [Math.min(first, g.rows), Math.min(g.rows, Math.ceil((top + height) / g.pitchY))];
}

/** Source index of each painted pixel along one axis: nearest neighbour, sampled at pixel centres. */
function nearest(painted: number, source: number): Int32Array {
  return Int32Array.from({ length: painted }, (_, i) => Math.floor(((i + 0.5) * source) / painted));
}

/** The source of all tiles, one after the other: bytes to be coloured, or packed colours as they are. */
export interface Sheet {
  pixels: Uint8Array | Uint32Array;
  height: number;
  width: number;
  /** Channels in the order of the tiles. */
  order: ArrayLike<number>;
  /** The colours of a channel's bytes; null where the pixels are colours already. */
  colours: ((channel: number) => Lut) | null;
  /** Whether large tiles may leave pixels out; detail that counts each pixel must not. */
  shrink?: boolean;
}

/**
 * Paint the tiles that touch the window `top … top + target height` into `target`
 * (packed RGBA, `targetWidth` a row); everything else becomes transparent.
 */
export function paintTiles(target: Uint32Array, targetWidth: number, top: number, g: Geometry, sheet: Sheet) {
  target.fill(0);
  const targetHeight = target.length / targetWidth;
  const xs = nearest(g.tileWidth, sheet.width);
  const ys = nearest(g.tileHeight, sheet.height);
  const [first, end] = visibleRows(g, top, targetHeight);
  const last = Math.min(sheet.order.length, end * g.columns);
  for (let place = first * g.columns; place < last; place++) {
    const channel = sheet.order[place]!;
    const lut = sheet.colours?.(channel);
    const left = (place % g.columns) * g.pitchX;
    const above = Math.floor(place / g.columns) * g.pitchY - top;
    const base = channel * sheet.height * sheet.width;
    const wide = Math.min(g.tileWidth, targetWidth - left);
    for (let y = 0; y < g.tileHeight; y++) {
      const line = above + y;
      if (line < 0 || line >= targetHeight) continue;
      const row = base + ys[y]! * sheet.width;
      let out = line * targetWidth + left;
      for (let x = 0; x < wide; x++) {
        const pixel = sheet.pixels[row + xs[x]!]!;
        target[out++] = lut ? lut[pixel]! : pixel;
      }
    }
  }
}
