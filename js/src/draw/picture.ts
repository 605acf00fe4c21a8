/** Whole pictures as RGBA bitmaps: photographs, signed projections, filters, and maps laid over a photograph. */
import { byteValue, type Lut, pack } from "./colour";

export interface Bitmap {
  height: number;
  width: number;
  /** Packed RGBA, row by row. */
  pixels: Uint32Array;
}

const bitmap = (height: number, width: number): Bitmap => ({
  height,
  width,
  pixels: new Uint32Array(height * width),
});

/** Bytes of one (grey or coloured by `lut`) or three channels, row by row. */
export function paintBytes(
  bytes: Uint8Array,
  height: number,
  width: number,
  channels: 1 | 3,
  lut: Lut,
): Bitmap {
  const out = bitmap(height, width);
  for (let i = 0; i < out.pixels.length; i++) {
    out.pixels[i] =
      channels === 1 ? lut[bytes[i]!]! : pack(bytes[3 * i]!, bytes[3 * i + 1]!, bytes[3 * i + 2]!);
  }
  return out;
}

/** A field of bytes to be laid over a picture. */
export interface Layer {
  bytes: Uint8Array;
  height: number;
  width: number;
  /** Colour of each byte, and how strongly it covers the picture, 0 … 1. */
  lut: Lut;
  cover: Float32Array;
  /** Smooth between cells (heat maps) or show the cells themselves (a unit's map). */
  smooth: boolean;
}

/** From this share of the reach on a field covers with its full strength. */
const KNEE = 0.4;

/** How strongly a share of the reach covers: fading out towards zero, where the picture itself stays visible. */
const strength = (share: number, opacity: number, threshold: number): number =>
  share >= threshold ? opacity * Math.min(1, share / KNEE) : 0;

/**
 * Cover of each byte of a field stretched over `lo … hi`. What is smaller than the share `threshold` of `reach`, by
 * default the largest magnitude of the field, does not cover.
 */
export function coverOf(
  lo: number,
  hi: number,
  opacity: number,
  threshold = 0,
  reach = Math.max(Math.abs(lo), Math.abs(hi)),
): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) =>
    reach > 0 ? strength(Math.abs(byteValue(byte, lo, hi)) / reach, opacity, threshold) : 0,
  );
}

/** The byte at a place of the field, bilinear with clamped borders; cell centres lie at half-integers. */
export function sample(bytes: Uint8Array, height: number, width: number, y: number, x: number): number {
  const sy = Math.min(height - 1, Math.max(0, y * height - 0.5));
  const sx = Math.min(width - 1, Math.max(0, x * width - 0.5));
  const top = Math.floor(sy);
  const left = Math.floor(sx);
  const bottom = Math.min(height - 1, top + 1);
  const right = Math.min(width - 1, left + 1);
  const v = sy - top;
  const u = sx - left;
  const upper = (1 - u) * bytes[top * width + left]! + u * bytes[top * width + right]!;
  const lower = (1 - u) * bytes[bottom * width + left]! + u * bytes[bottom * width + right]!;
  return Math.round((1 - v) * upper + v * lower);
}

/** The byte of the cell that holds the place (y, x), both 0 … 1 of the field's extent. */
export function cell(bytes: Uint8Array, height: number, width: number, y: number, x: number): number {
  const row = Math.min(height - 1, Math.floor(y * height));
  const column = Math.min(width - 1, Math.floor(x * width));
  return bytes[row * width + column]!;
}

/** Lay a field over an RGB picture; both cover the same area. */
export function compose(rgb: Uint8Array, height: number, width: number, over: Layer): Bitmap {
  const out = bitmap(height, width);
  const read = over.smooth ? sample : cell;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const byte = read(over.bytes, over.height, over.width, (y + 0.5) / height, (x + 0.5) / width);
      const colour = over.lut[byte]!;
      const a = over.cover[byte]!;
      const mix = (under: number, shift: number) =>
        Math.round((1 - a) * under + a * ((colour >>> shift) & 255));
      out.pixels[i] = pack(mix(rgb[3 * i]!, 0), mix(rgb[3 * i + 1]!, 8), mix(rgb[3 * i + 2]!, 16));
    }
  }
  return out;
}

/**
 * Lay signed colours, 128 being zero, over an RGB picture, each pixel as strongly as it is far from zero; `gain`
 * below 1 makes them fainter, for a scale that reaches farther than they do.
 */
export function composeColours(
  rgb: Uint8Array,
  height: number,
  width: number,
  over: { bytes: Uint8Array; height: number; width: number },
  opacity: number,
  threshold: number,
  gain = 1,
): Bitmap {
  const out = bitmap(height, width);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * over.height) / height);
    for (let x = 0; x < width; x++, i++) {
      const at = 3 * (row * over.width + Math.floor((x * over.width) / width));
      const colours = [0, 1, 2].map((c) => 128 + gain * (over.bytes[at + c]! - 128));
      const share = Math.max(...colours.map((byte) => Math.abs(byte - 128))) / 127;
      const a = strength(share, opacity, threshold);
      const [r, g, b] = colours.map((byte, c) => Math.round((1 - a) * rgb[3 * i + c]! + a * byte));
      out.pixels[i] = pack(r!, g!, b!);
    }
  }
  return out;
}

/**
 * Filters with several input planes as one packed sheet: each filter a near-square mosaic of its planes,
 * one transparent pixel between those that have an extent. A filter's colours are those of `colours`; of three
 * channels each byte goes through it by itself. Returns the sheet and the size of one mosaic.
 */
export function mosaic(
  bytes: Uint8Array,
  m: { count: number; planes: number; height: number; width: number; channels: 1 | 3 },
  colours: (filter: number) => Lut,
): Bitmap {
  const across = Math.ceil(Math.sqrt(m.planes));
  const down = Math.ceil(m.planes / across);
  const gap = m.height * m.width > 1 ? 1 : 0;
  const width = across * (m.width + gap) - gap;
  const height = down * (m.height + gap) - gap;
  const out = new Uint32Array(m.count * height * width);
  let next = 0;
  for (let plane = 0; plane < m.count * m.planes; plane++) {
    const filter = Math.floor(plane / m.planes);
    const lut = colours(filter);
    const part = (byte: number) => lut[byte]! & 255;
    const place = plane % m.planes;
    const corner =
      filter * height * width +
      Math.floor(place / across) * (m.height + gap) * width +
      (place % across) * (m.width + gap);
    for (let y = 0; y < m.height; y++) {
      for (let x = 0; x < m.width; x++, next += m.channels) {
        out[corner + y * width + x] =
          m.channels === 1
            ? lut[bytes[next]!]!
            : pack(part(bytes[next]!), part(bytes[next + 1]!), part(bytes[next + 2]!));
      }
    }
  }
  return { height, width, pixels: out };
}

/** Cut one picture out of a sheet of equally long pictures lying one after the other. */
export const slice = (bytes: Uint8Array, index: number, length: number): Uint8Array =>
  bytes.subarray(index * length, (index + 1) * length);
