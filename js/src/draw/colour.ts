/** Colour maps as 256-entry tables of packed RGBA, and the domains of numbers they are spread over. */
import maps from "../../../nbviz/colormaps.json";

/** 256 pixels as the canvas stores them: four bytes R, G, B, A in memory order. */
export type Lut = Uint32Array;

/** The numbers at the two ends of a colour map. */
export interface Domain {
  lo: number;
  hi: number;
}

type Rgb = [number, number, number];

/** Pack for a little-endian machine, which every browser's canvas runs on. */
export const pack = (r: number, g: number, b: number, a = 255): number =>
  ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;

function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Interpolate equally spaced anchors linearly in sRGB, as nbviz.images does. */
export function buildLut(anchors: readonly string[]): Lut {
  const colours = anchors.map(parse);
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (colours.length - 1);
    const left = Math.min(Math.floor(place), colours.length - 2);
    const t = place - left;
    const mix = (c: 0 | 1 | 2) => Math.round((1 - t) * colours[left]![c] + t * colours[left + 1]![c]);
    return pack(mix(0), mix(1), mix(2));
  });
}

const TABLE: Record<string, { signed: boolean; anchors: string[] }> = maps;
const built = new Map<string, Lut>();

/** A name that does not fit falls back to the first that does. */
export const fitting = (name: string, signed: boolean): string =>
  TABLE[name]?.signed === signed ? name : colourMaps(signed)[0]!;

/** The same colours as a style sheet's gradient from left to right. */
export const gradientOf = (name: string, signed: boolean): string =>
  `linear-gradient(to right, ${TABLE[fitting(name, signed)]!.anchors.join(", ")})`;

/** The table of a colour map by name. */
export function lutOf(name: string, signed: boolean): Lut {
  const chosen = fitting(name, signed);
  let lut = built.get(chosen);
  if (!lut) {
    lut = buildLut(TABLE[chosen]!.anchors);
    built.set(chosen, lut);
  }
  return lut;
}

/** Names that fit: diverging maps for signed numbers, sequential ones for the others. */
export const colourMaps = (signed: boolean): string[] =>
  Object.keys(TABLE).filter((name) => TABLE[name]!.signed === signed);

/** Zero sits in the middle for signed numbers and at the bottom otherwise. */
export function domainOf(lo: number, hi: number, signed = lo < 0): Domain {
  if (!signed) return { lo: 0, hi };
  const reach = Math.max(Math.abs(lo), Math.abs(hi));
  return { lo: -reach, hi: reach };
}

/** Where a number falls in a domain, 0 … 1; a domain without extent is all bottom, or all middle if signed. */
export function fraction(value: number, { lo, hi }: Domain): number {
  if (!(hi > lo)) return lo < 0 ? 0.5 : 0;
  return Math.min(1, Math.max(0, (value - lo) / (hi - lo)));
}

/** The number a byte stands for in a field stretched over `lo … hi`. */
export const byteValue = (byte: number, lo: number, hi: number): number => lo + (byte / 255) * (hi - lo);

/** The ends of a signed field whose byte 128 is zero and whose byte 255 is `reach`. */
export const centred = (reach: number): Domain => ({ lo: (-128 / 127) * reach, hi: reach });

/** The colour of each byte of a map that was stretched over `lo … hi`, when shown over `domain`. */
export function recolour(lut: Lut, lo: number, hi: number, domain: Domain): Lut {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    return lut[Math.round(255 * fraction(byteValue(byte, lo, hi), domain))]!;
  });
}
