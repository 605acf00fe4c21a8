// @vitest-environment node
import { describe, expect, it } from "vitest";
import { cosines } from "../src/draw/cosine";
import { brief } from "../src/format";
import { layerOf, nodeNamed, pathTo } from "../src/map-tree";
import { orderOf, rangeOf, thresholdOf } from "../src/quantities";
import type { MapNode } from "../src/traits";
import { unitNamed } from "../src/views/grid-toolbar";
import { exampleTraits } from "./helpers";

const dice = (seed: number) => () => {
  const s = Math.sin(seed++ * 127.1) * 43758.5453;
  return s - Math.floor(s);
};

describe("how alike maps are", () => {
  it("is the cosine of the numbers that the bytes stand for", () => {
    const [count, area, next] = [7, 12, dice(1)];
    const pixels = Uint8Array.from({ length: count * area }, () => 256 * next());
    const lo = Float32Array.from({ length: count }, () => -3 * next());
    const hi = lo.map((least) => least + 5 * next());
    const value = (k: number, j: number) => lo[k]! + ((hi[k]! - lo[k]!) * pixels[k * area + j]!) / 255;
    const dot = (a: number, b: number) => {
      let sum = 0;
      for (let j = 0; j < area; j++) sum += value(a, j) * value(b, j);
      return sum;
    };
    const found = cosines({ pixels, lo, hi }, area, 3);
    for (let k = 0; k < count; k++) {
      expect(found[k]).toBeCloseTo(dot(k, 3) / Math.sqrt(dot(k, k) * dot(3, 3)), 5);
    }
    expect(found[3]).toBeCloseTo(1, 6);
  });

  it("of a map that is zero everywhere is no number", () => {
    const maps = { pixels: new Uint8Array(8).fill(9), lo: [0, 1], hi: [0, 2] };
    expect(cosines(maps, 4, 1)[0]).toBeNaN();
  });
});

describe("the order of the channels", () => {
  const values = Float32Array.of(0.5, -1, 3, Number.NaN, 0);

  it("puts the largest first, equal ones as in the layer, and what has no number last", () => {
    expect([...orderOf(5, "similarity", values, null)]).toEqual([2, 0, 4, 1, 3]);
    expect([...orderOf(3, "activation", Float32Array.of(1, 1, 2), null)]).toEqual([2, 0, 1]);
  });

  it("keeps the layer's own, the silent ones last", () => {
    expect([...orderOf(5, "index", values, null)]).toEqual([0, 1, 2, 3, 4]);
    expect([...orderOf(5, "silent", values, null)]).toEqual([0, 2, 1, 3, 4]);
    expect([...orderOf(3, "dataset", null, null)]).toEqual([0, 1, 2]);
  });

  it("leaves out what does not reach the threshold, whatever the order", () => {
    const threshold = thresholdOf(values, 0.25);
    expect(threshold).toBe(0); // a quarter of the way from −1 to 3
    expect([...orderOf(5, "index", values, threshold)]).toEqual([0, 2, 4]);
    expect([...orderOf(5, "activation", values, threshold)]).toEqual([2, 0, 4]);
    expect(thresholdOf(values, 0)).toBeNull();
    expect(thresholdOf(null, 0.5)).toBeNull();
    expect(rangeOf(Float32Array.of(Number.NaN))).toEqual([0, 0]);
  });

  it("at the whole of the range keeps the largest alone", () => {
    const uneven = Float32Array.of(0.1, 0.7, 0.30000001);
    expect([...orderOf(3, "index", uneven, thresholdOf(uneven, 1))]).toEqual([1]);
  });
});

describe("the map's tree", () => {
  const leaf = (name: string): MapNode => ({ name, label: name, layer: name });
  const nodes: MapNode[] = [
    leaf("stem"),
    {
      name: "stage",
      label: "stage",
      layer: "stage",
      children: [leaf("stage.0"), { ...leaf("stage.1"), layer: "stage", children: [leaf("stage.1.conv")] }],
    },
    { name: "list", label: "list", layer: null, children: [leaf("list.a"), leaf("list.b")] },
  ];
  const names = (layer: string) => pathTo(nodes, layer).map(({ name }) => name);

  it("leads to the node of a layer's name, else to the outermost that has its output", () => {
    expect(names("stage.1.conv")).toEqual(["stage", "stage.1", "stage.1.conv"]);
    expect(names("stage")).toEqual(["stage"]);
    expect(names("elsewhere")).toEqual([]);
  });

  it("shows for a mere container the last layer inside", () => {
    expect(nodes.map(layerOf)).toEqual(["stem", "stage", "list.b"]);
  });

  it("finds any node by its name", () => {
    expect(nodeNamed(nodes, "stage.1")?.layer).toBe("stage");
    expect(nodeNamed(nodes, "none")).toBeUndefined();
  });

  it("of the example holds each of its layers", () => {
    const { layers, tree } = exampleTraits()._network;
    for (const { name } of layers) expect(pathTo(tree, name).length, name).toBeGreaterThan(0);
  });
});

it("a unit is found by its number, its class's name, or how that begins", () => {
  const classes = ["Cat", "cat flap", "dog"];
  expect(["2", "cat", "CAT f", "do"].map((written) => unitNamed(written, classes))).toEqual([2, 0, 1, 2]);
  expect(unitNamed("cow", classes)).toBeNull();
  expect([unitNamed("12", null), unitNamed("x", null)]).toEqual([12, null]);
});

it("where there is little room, numbers have two digits and no leading zero", () => {
  expect([3.126, 0.4567, -0.05, 0, 123.4].map(brief)).toEqual(["3.1", ".46", "−.05", "0", "120"]);
});
