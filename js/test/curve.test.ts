import { describe, expect, it } from "vitest";
import { curveOf, nearest, passed } from "../src/draw/curve";

const film = [
  { step: 0, reading: 1 },
  { step: 10, reading: 4 },
  { step: 40, reading: 8 },
];

describe("the curve of a search", () => {
  it("is in units of what nature reached, from zero", () => {
    const curve = curveOf(film, { largest: 4, source: "" }, 40, 200, 80);
    expect(curve.points.map(({ value }) => value)).toEqual([0.25, 1, 2]);
    expect([curve.lo, curve.hi, curve.yOf(1)]).toEqual([0, 2, 40]);
    expect(curve.path).toBe("M0.0 70.0L50.0 40.0L200.0 0.0");
    expect(passed(curve)).toBe(40);
  });

  it("has room for nature where it stays below", () => {
    const curve = curveOf(film, { largest: 16, source: "" }, 40, 200, 80);
    expect(curve.hi).toBe(1);
    expect(passed(curve)).toBeNull();
  });

  it("is in plain numbers where nature says nothing or never gets above zero", () => {
    for (const natural of [null, { largest: -1, source: "" }, { largest: 0, source: "" }]) {
      const curve = curveOf(film, natural, 40, 200, 80);
      expect([curve.relative, curve.hi, passed(curve)]).toEqual([false, 8, null]);
    }
  });

  it("reaches below zero where the readings do, and lies flat where nothing happens", () => {
    const dip = [
      { step: 0, reading: -2 },
      { step: 1, reading: 2 },
    ];
    const below = curveOf(dip, null, 1, 10, 10);
    expect([below.lo, below.hi, below.yOf(0)]).toEqual([-2, 2, 5]);
    const flat = curveOf([{ step: 0, reading: 0 }], null, 0, 10, 10);
    expect(flat.points).toEqual([{ step: 0, value: 0, x: 0, y: 10 }]);
  });

  it("is pointed at by the nearest picture", () => {
    const { points } = curveOf(film, null, 40, 200, 80);
    expect([-5, 24, 26, 170, 999].map((x) => nearest(points, x))).toEqual([0, 0, 1, 2, 2]);
  });
});
