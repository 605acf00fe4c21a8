import { describe, expect, it } from "vitest";
import { overlayCode, projectionCode } from "../src/code";
import type { Meta } from "../src/protocol";

const projection = (unit: string, params = {}) =>
  projectionCode({ image: 2, unit, method: "deconvnet", params });

describe("the line of Python", () => {
  it("names the picture, the unit, its place, and what was set differently", () => {
    expect(projection("layer3:17")).toBe("nbviz.deconvnet(net, w.images[2].x, net.unit('layer3', 17))");
    expect(projection("relu#2:17@3,5", { samples: 20, form: "square", signed: true, stride: null })).toBe(
      "nbviz.deconvnet(net, w.images[2].x, net.unit('relu#2', 17, 3, 5), samples=20, form='square', signed=True, stride=None)",
    );
  });

  it("keeps names of layers text", () => {
    expect(projection("o'b\\\\rien:1")).toBe(
      "nbviz.deconvnet(net, w.images[2].x, net.unit('o\\'b\\\\\\\\rien', 1))",
    );
  });

  it("names the class that was found, the difference that was asked for, and the layer", () => {
    const args = {
      image: 0,
      method: "grad_cam",
      targets: [null, [3, 8]],
      layer: null,
      params: { signed: true },
    };
    const meta = { layer: "layer4", maps: [{ target: { index: 281 } }, { target: { index: 3 } }] };
    const line = (index: number, takesLayer = true) =>
      overlayCode(args as never, meta as unknown as Meta<"overlay">, index, takesLayer);
    expect(line(0)).toBe("nbviz.grad_cam(net, w.images[0].x, 281, layer='layer4', signed=True)");
    expect(line(0, false)).toBe("nbviz.grad_cam(net, w.images[0].x, 281, signed=True)");
    expect(line(1)).toBe(
      "nbviz.grad_cam(net, w.images[0].x, net.logit(3) - net.logit(8), layer='layer4', signed=True)",
    );
  });
});
