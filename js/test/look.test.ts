import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { onOneScale } from "../src/beside";
import { composeColours, coverOf } from "../src/draw/picture";
import type { Field } from "../src/fields";
import { type Hand, windowOf } from "../src/hand";
import { strongestAt } from "../src/here";
import { cellAt, middleOf } from "../src/look";
import type { Result } from "../src/payload";
import { createStore, type Store } from "../src/store";
import { asModel, exampleTraits, FakeModel, requests } from "./helpers";

describe("a place of the picture", () => {
  it("lies in a cell of a grid, and the middle of that cell in the same one", () => {
    expect(cellAt({ y: 0, x: 0.999 }, [7, 14])).toEqual([0, 13]);
    expect(cellAt({ y: 1, x: 1 }, [7, 14])).toEqual([6, 13]);
    for (const cell of [
      [0, 0],
      [3, 9],
      [6, 13],
    ] as [number, number][])
      expect(cellAt(middleOf(cell, [7, 14]), [7, 14])).toEqual(cell);
  });

  it("does not leave the picture by the arrows", () => {
    expect(cellAt(middleOf([-1, 20], [7, 14]), [7, 14])).toEqual([0, 13]);
  });

  it("has the units that are strongest there, by the numbers and not by the bytes", () => {
    const [channels, height, width] = [3, 2, 2];
    const bytes = {
      pixels: Uint8Array.of(255, 0, 0, 0, 0, 10, 0, 0, 255, 0, 0, 255),
      lo: Float32Array.of(0, 0, -4),
      hi: Float32Array.of(1, 51, -2),
      max: Float32Array.of(1, 51, -2),
    };
    const result = { meta: { channels, height, width }, bytes } as unknown as Result<"maps">;
    const found = strongestAt(result, { y: 0.2, x: 0.8 }, 2);
    expect(found.map(({ channel }) => channel)).toEqual([1, 0]);
    expect(found[0]!.value).toBeCloseTo(2, 5);
    expect(strongestAt(result, null, 1)).toEqual([{ channel: 1, value: 51 }]);
    expect(strongestAt(result, { y: 0.2, x: 0.2 }, 9).map((one) => one.value)).toEqual([1, 0, -2]);
  });
});

describe("what lies over the picture", () => {
  it("does not cover below the threshold, a share of the scale and not of the map", () => {
    const cover = coverOf(0, 5, 1, 0.5, 10);
    expect(Math.max(...cover.subarray(0, 254))).toBe(0);
    expect(cover[255]).toBe(1);
    expect(coverOf(0, 5, 1, 0.5).findIndex((share) => share > 0)).toBe(128);
  });

  it("is as strong as its farthest colour, and fainter on a scale that reaches farther", () => {
    const rgb = Uint8Array.of(10, 20, 30, 10, 20, 30);
    const over = { bytes: Uint8Array.of(128, 128, 128, 128, 1, 255), height: 1, width: 2 };
    const painted = (gain?: number) => [...composeColours(rgb, 1, 2, over, 1, 0.6, gain).pixels];
    const [zero, far] = painted();
    expect(zero! & 255).toBe(10);
    expect([far! & 255, (far! >>> 8) & 255, (far! >>> 16) & 255]).toEqual([128, 1, 255]);
    expect(painted(0.5)[1]! & 255).toBe(10);
  });

  it("has one scale for both sides, centred where either is signed", () => {
    const field = (lo: number, hi: number, signed = false): Field =>
      ({ kind: "unit", bytes: new Uint8Array(1), domain: { lo, hi }, signed, key: "k" }) as Field;
    expect(onOneScale(field(0, 3), field(0, 5)).domain).toEqual({ lo: 0, hi: 5 });
    expect(onOneScale(field(0, 5), field(-2, 2, true)).domain).toEqual({ lo: -5, hi: 5 });
    const silent = { silent: "nothing", key: "" };
    expect(onOneScale(silent, field(0, 5))).toBe(silent);
    expect(onOneScale(field(0, 3), silent).domain).toEqual({ lo: 0, hi: 3 });
  });
});

describe("the window that is held", () => {
  const hand: Hand = { y: 0.5, x: 0.5, size: 0.25, fill: "grey" };

  it("is a square of whole pixels that stays on the picture", () => {
    expect(windowOf(hand, 100, 200)).toEqual([38, 88, 63, 113]);
    expect(windowOf({ ...hand, y: 0, x: 1 }, 100, 200)).toEqual([0, 175, 25, 200]);
    expect(windowOf({ ...hand, size: 1 }, 100, 200)).toEqual([0, 50, 100, 150]);
  });

  let model: FakeModel;
  let store: Store;
  beforeEach(() => {
    model = new FakeModel({ ...exampleTraits("explorer") });
    store = createStore(asModel(model));
    store.attach();
  });
  afterEach(() => store.dispose());

  it("is asked about where it is now, once the answer to where it was is there", async () => {
    await vi.waitFor(() => expect(store.slots.picture.shown.value).not.toBeNull());
    for (let i = 0; i <= 20; i++) store.local.look.hand.value = { ...hand, x: i / 20 };
    expect(requests(model, "occlude")).toHaveLength(1);
    await vi.waitFor(() => expect(store.slots.occlude.shown.value?.meta.box[1]).toBe(168));
    expect(requests(model, "occlude")).toHaveLength(2);
    expect(model.sent.filter(({ type }) => type === "cancel")).toHaveLength(0);
    store.local.look.hand.value = null;
    expect(store.slots.occlude.shown.value).toBeNull();
  });
});

describe("comparing", () => {
  let model: FakeModel;
  let store: Store;
  const shown = (op: string) =>
    requests(model, op).filter(({ slot }) => slot.endsWith("_b")) as unknown as Record<string, unknown>[];
  const open = (change = {}) => {
    model = new FakeModel({ ...exampleTraits("explorer"), ...change });
    store = createStore(asModel(model));
    store.attach();
  };
  afterEach(() => store.dispose());

  it("asks for nothing until something is compared", async () => {
    open();
    await vi.waitFor(() => expect(store.slots.overlay.shown.value).not.toBeNull());
    expect(model.sent.some((m) => m.type === "request" && m.slot.endsWith("_b"))).toBe(false);
  });

  it("exchanges the picture, and keeps the class that is shown", async () => {
    open();
    store.local.look.contrast.value = "picture";
    await vi.waitFor(() => expect(store.slots.overlay_b.shown.value).not.toBeNull());
    expect(shown("picture").at(-1)?.image).toBe(1);
    expect(store.beside().traits.target.value).toBe(3);
  });

  it("keeps one unit beside those that are locked, and asks for its own layer", async () => {
    open();
    store.local.mode.value = "unit";
    store.local.look.other.unit.value = "layer3.1.conv2:17";
    store.local.look.contrast.value = "unit";
    store.lock({ layer: "layer3.1", channel: 3, position: null });
    await vi.waitFor(() => expect(store.slots.maps_b.shown.value).not.toBeNull());
    expect(store.slots.maps_b.shown.value?.meta.layer).toBe("layer3.1.conv2");
    expect(store.beside().unit.value?.channel).toBe(17);
    store.beside().lock({ layer: "layer3.1.conv2", channel: 4, position: [1, 2] });
    expect([store.local.look.other.unit.value, store.traits.unit.value]).toEqual([
      "layer3.1.conv2:4@1,2",
      "layer3.1:3",
    ]);
  });

  it("opens on the other network where there is one, and asks it by its number", async () => {
    open({ _beside: { name: "later", notes: [] } });
    await vi.waitFor(() => expect(store.slots.overlay_b.shown.value).not.toBeNull());
    for (const op of ["picture", "maps", "overlay"]) {
      expect(shown(op).at(-1)?.network).toBe(1);
      expect(
        requests(model, op)
          .filter(({ slot }) => !slot.endsWith("_b"))
          .at(-1)?.network,
      ).toBeUndefined();
    }
  });
});
