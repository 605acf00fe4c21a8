import { describe, expect, it } from "vitest";
import { buildLut, byteValue, centred, domainOf, fraction, lutOf, pack, recolour } from "../src/draw/colour";
import { cell, compose, coverOf, mosaic, paintBytes, sample } from "../src/draw/picture";
import { GAP, layTiles, paintTiles, tileScale, visibleRows } from "../src/draw/tiles";

const GREY = buildLut(["#000000", "#ffffff"]);
const hex = (pixel: number) => (pixel >>> 0).toString(16).padStart(8, "0");

describe("colour maps", () => {
  it("interpolate linearly between anchors, which they meet exactly", () => {
    const lut = buildLut(["#000000", "#ff0000", "#ffffff"]);
    expect([lut[0], lut[255]]).toEqual([pack(0, 0, 0), pack(255, 255, 255)]);
    expect(hex(lut[64]!)).toBe("ff000080"); // 64/255 of the way: half of the first half, in bytes A B G R
  });

  it("of signed numbers are neutral in the middle", () => {
    const middle = lutOf("tide", true)[128]!;
    const [r, g, b] = [middle & 255, (middle >> 8) & 255, (middle >> 16) & 255];
    expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThan(8);
  });

  it("fall back to one of the right kind: a sequential map never shows signed numbers", () => {
    expect(lutOf("ember", true)).toBe(lutOf("tide", true));
    expect(lutOf("tide", false)).toBe(lutOf("no such map", false));
  });
});

describe("domains", () => {
  it("begin at zero for unsigned and are centred on zero for signed numbers", () => {
    expect(domainOf(0.5, 3)).toEqual({ lo: 0, hi: 3 });
    expect(domainOf(-1, 3)).toEqual({ lo: -3, hi: 3 });
    expect(domainOf(0.5, 3, true)).toEqual({ lo: -3, hi: 3 });
  });

  it("put zero at the bottom or in the middle, also without any extent", () => {
    expect(fraction(0, domainOf(-2, 1))).toBe(0.5);
    expect(fraction(0, { lo: 0, hi: 0 })).toBe(0);
    expect(fraction(9, { lo: 0, hi: 3 })).toBe(1);
  });

  it("make byte 128 of a signed picture zero and byte 255 its reach", () => {
    const { lo, hi } = centred(2.5);
    expect(byteValue(128, lo, hi)).toBeCloseTo(0, 12);
    expect(byteValue(255, lo, hi)).toBeCloseTo(2.5, 12);
  });

  it("show equal numbers in equal colours, whatever range each map was sent in", () => {
    const domain = { lo: 0, hi: 4 };
    const weak = recolour(GREY, 0, 2, domain);
    const strong = recolour(GREY, 0, 4, domain);
    expect(weak[255]).toBe(strong[128]); // 2 of 4 both times, within half a step of 255
    expect(strong[255]).toBe(pack(255, 255, 255));
  });
});

describe("pictures", () => {
  it("of three bytes a pixel become opaque pixels in the same order", () => {
    const { pixels } = paintBytes(Uint8Array.of(1, 2, 3, 250, 251, 252), 1, 2, 3, GREY);
    expect([...pixels]).toEqual([pack(1, 2, 3), pack(250, 251, 252)]);
  });

  it("sampled between cells are bilinear, and constant beyond the outer centres", () => {
    const ramp = Uint8Array.of(0, 100);
    expect(sample(ramp, 1, 2, 0.5, 0.25)).toBe(0);
    expect(sample(ramp, 1, 2, 0.5, 0.5)).toBe(50);
    expect(sample(ramp, 1, 2, 0.5, 0.75)).toBe(100);
    expect(sample(ramp, 1, 2, 0.9, 1)).toBe(100);
    expect(cell(ramp, 1, 2, 0.5, 0.49)).toBe(0);
    expect(cell(ramp, 1, 2, 0.5, 1)).toBe(100);
  });

  it("stay as they are where the map laid over them is zero, and are mixed where it is not", () => {
    const rgb = Uint8Array.of(200, 100, 0, 200, 100, 0);
    const over = { bytes: Uint8Array.of(0, 255), height: 1, width: 2, lut: GREY, smooth: false };
    const { pixels } = compose(rgb, 1, 2, { ...over, cover: coverOf(0, 5, 0.5) });
    expect(hex(pixels[0]!)).toBe(hex(pack(200, 100, 0)));
    expect(hex(pixels[1]!)).toBe(hex(pack(228, 178, 128)));
  });

  it("are not touched by a map of zeros, nor at opacity zero", () => {
    expect(Math.max(...coverOf(0, 0, 1))).toBe(0);
    expect(Math.max(...coverOf(-3, 3, 0))).toBe(0);
  });

  it("cover both signs alike", () => {
    const { lo, hi } = centred(1);
    const cover = coverOf(lo, hi, 0.8);
    expect(cover[128]).toBeCloseTo(0, 6);
    expect(cover[1]).toBeCloseTo(cover[255]!, 6);
  });

  it("of filters with several planes lie side by side with a transparent pixel between", () => {
    const bytes = Uint8Array.from({ length: 2 * 3 * 2 }, (_, i) => 10 * i); // 2 filters × 3 planes × 2 × 1
    const sheet = mosaic(bytes, { count: 2, planes: 3, height: 2, width: 1, channels: 1 }, () => GREY);
    expect([sheet.height, sheet.width]).toEqual([5, 3]);
    const [a, b, c, d, e, f, next] = [0, 10, 20, 30, 40, 50, 60].map((v) => pack(v, v, v));
    expect([...sheet.pixels.subarray(0, 15)]).toEqual([a, 0, c, b, 0, d, 0, 0, 0, e, 0, 0, f, 0, 0]);
    expect(sheet.pixels[15]).toBe(next);
  });

  it("of filters of one weight lie without gaps", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const sheet = mosaic(bytes, { count: 1, planes: 4, height: 1, width: 1, channels: 1 }, () => GREY);
    expect([...sheet.pixels]).toEqual([1, 2, 3, 4].map((v) => pack(v, v, v)));
  });
});

describe("tiles", () => {
  it("are whole multiples or fractions of the maps, near 48 pixels", () => {
    expect([1, 7, 13, 14, 28, 56, 112, 200].map((n) => n * tileScale(n))).toEqual([
      48, 49, 52, 42, 56, 56, 56, 50,
    ]);
  });

  it("fill the width evenly and never overlap", () => {
    for (const width of [200, 481, 1000]) {
      const g = layTiles(64, 14, 14, width);
      expect(g.pitchX).toBeGreaterThanOrEqual(g.tileWidth + GAP);
      expect((g.columns - 1) * g.pitchX + g.tileWidth).toBeLessThanOrEqual(width);
    }
  });

  it("keep the shape of maps that are not square", () => {
    const g = layTiles(4, 10, 20, 400);
    expect(g.tileWidth).toBe(2 * g.tileHeight);
  });

  it("become labelled rows where maps have a single position", () => {
    const g = layTiles(1000, 1, 1, 500);
    expect(g.pitchX).toBeGreaterThan(150);
    expect(g.columns * g.rows).toBeGreaterThanOrEqual(1000);
  });

  it("show exactly the pixels of the rows in view, in the given order and colours", () => {
    const g = { columns: 2, rows: 2, tileWidth: 2, tileHeight: 2, pitchX: 3, pitchY: 3 };
    const sheet = {
      pixels: Uint8Array.of(10, 20, 30, 40), // four maps of one position each
      height: 1,
      width: 1,
      order: [3, 2, 1, 0],
      colours: () => GREY,
    };
    const target = new Uint32Array(5 * 4).fill(1);
    paintTiles(target, 5, 1, g, sheet);
    const v = (value: number) => pack(value, value, value);
    const rows = [0, 1, 2, 3].map((y) => [...target.subarray(5 * y, 5 * y + 5)]);
    expect(rows).toEqual([
      [v(40), v(40), 0, v(30), v(30)],
      [0, 0, 0, 0, 0],
      [v(20), v(20), 0, v(10), v(10)],
      [v(20), v(20), 0, v(10), v(10)],
    ]);
  });

  it("know which rows are in view", () => {
    const g = layTiles(2048, 7, 7, 500);
    const [first, end] = visibleRows(g, 10 * g.pitchY + 5, 300);
    expect(first).toBe(10);
    expect(end).toBe(Math.ceil((10 * g.pitchY + 305) / g.pitchY));
    expect(visibleRows(g, 1e9, 300)[1]).toBe(g.rows);
  });
});
