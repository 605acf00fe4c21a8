import { describe, expect, it } from "vitest";
import { cut, inside, partAround, placeOf } from "../src/draw/part";

describe("a receptive field on the picture", () => {
  it("ends where the picture ends, and never vanishes", () => {
    expect(inside([-20, -7, 10, 300], 96, 128)).toEqual([0, 0, 10, 128]);
    expect(inside([96, 40.5, 99, 41], 96, 128)).toEqual([95, 40, 96, 41]);
  });

  it("is enlarged with a little context if it is small, and shown on the whole picture if it is not", () => {
    expect(partAround([40, 12, 90, 62], 224, 224)).toEqual([32, 4, 98, 70]);
    expect(partAround([10, 10, 13, 13], 224, 224)).toEqual([8, 8, 15, 15]);
    expect(partAround([0, 0, 64, 63], 100, 100)).toBeNull();
    expect(partAround([0, 0, 64, 62], 100, 100)).not.toBeNull();
  });

  it("counts by what lies within the picture", () => {
    expect(partAround([-150, -150, 30, 30], 100, 100)).toEqual([0, 0, 35, 35]);
  });

  it("is named by its first and last row and column", () => {
    expect(placeOf([40, 12, 91, 63])).toBe("rows 40–90, columns 12–62");
  });
});

it("a part of a bitmap has the pixels of that part", () => {
  const pixels = Uint32Array.from({ length: 12 }, (_, i) => i);
  const part = cut({ height: 3, width: 4, pixels }, [1, 1, 3, 3]);
  expect(part).toEqual({ height: 2, width: 2, pixels: Uint32Array.of(5, 6, 9, 10) });
});
