import { afterEach, describe, expect, it, vi } from "vitest";
import { placeOf } from "../src/views/histogram";
import { breathe, mounted, panel, press, requests, settled } from "./helpers";

type Mounted = Awaited<ReturnType<typeof mounted>>;
let view: Mounted;
const open = async (...args: Parameters<typeof mounted>) => {
  view = await mounted(...args);
  return view;
};
afterEach(() => view?.life.abort());

const tiles = (root: ShadowRoot) => [
  ...panel(root, "neighbours").querySelectorAll<HTMLButtonElement>(".neighbour"),
];

describe("what comes in and goes out", () => {
  it("says of each neighbour who it is, what it does, and by what that is known", async () => {
    const { root } = await open("unit_inspector");
    expect(tiles(root).map((tile) => tile.getAttribute("aria-label"))).toEqual([
      "layer3.1.relu:3, influence 0.5, for",
      "layer3.1.relu:4, influence −0.25, against",
      "layer3.1:3, influence 0.5, for",
      "layer3.1:4, influence −0.25, against",
    ]);
    const text = panel(root, "neighbours").textContent;
    expect(text).toContain("by weights");
    expect(text).toContain("by gradient × activation on this picture");
    expect(text).toContain("what uses it is no sum of weighted channels");
    expect(tiles(root).map((tile) => tile.querySelectorAll("img").length)).toEqual([2, 2, 1, 1]);
  });

  it("is walked through by a click, and back by Backspace", async () => {
    const { root, model } = await open("unit_inspector");
    tiles(root)[1]!.click();
    expect(model.get("unit")).toBe("layer3.1.relu:4");
    expect(model.get("layer")).toBe("layer3.1.relu");
    await settled(root);
    tiles(root)[0]!.click();
    await settled(root);
    tiles(root)[0]!.focus();
    press(root, "Backspace");
    expect(model.get("unit")).toBe("layer3.1.relu:4");
    press(root, "Backspace");
    expect(model.get("unit")).toBe("layer3.1.conv2:17");
    press(root, "Backspace");
    expect(model.get("unit")).toBe("layer3.1.conv2:17");
    model.set("unit", "conv1:2");
    await breathe();
    root.querySelector<HTMLElement>('[aria-label^="Back to layer3.1.conv2:17"]')?.click();
    expect(model.get("unit")).toBe("layer3.1.conv2:17");
  });

  it("is one stop for Tab on each side, arrows go along", async () => {
    const { root } = await open("unit_inspector");
    expect(tiles(root).map((tile) => tile.tabIndex)).toEqual([0, -1, 0, -1]);
    tiles(root)[0]!.focus();
    press(root, "ArrowRight");
    expect(root.activeElement).toBe(tiles(root)[1]);
    press(root, "ArrowRight");
    expect(root.activeElement).toBe(tiles(root)[1]);
    press(root, "ArrowLeft");
    expect(root.activeElement).toBe(tiles(root)[0]);
  });
});

describe("the row from one unit to another", () => {
  const field = (root: ShadowRoot) =>
    panel(root, "interaction").querySelector<HTMLInputElement>('[aria-label="Second unit"]')!;
  const start = (root: ShadowRoot) =>
    panel(root, "interaction").querySelector<HTMLButtonElement>('[aria-label="Start the row"]')!;
  const write = async (root: ShadowRoot, text: string) => {
    field(root).value = text;
    field(root).dispatchEvent(new Event("change", { bubbles: true }));
    await breathe();
  };

  it("needs a second unit that exists and is another one", async () => {
    const { root } = await open("unit_inspector");
    expect(start(root).disabled).toBe(true);
    await write(root, "layer3.1.conv2:999");
    expect(panel(root, "interaction").querySelector('[role="alert"]')?.textContent).toBe(
      "layer3.1.conv2 has units 0 to 255.",
    );
    await write(root, "layer3.1.conv2:17");
    expect(start(root).disabled).toBe(true);
    await write(root, "layer3.1.conv2:40");
    expect(start(root).disabled).toBe(false);
  });

  it("is seen while it is made, and says how strongly both answer to each picture", async () => {
    const { root, model } = await open("unit_inspector");
    await write(root, "layer3.1.conv2:40");
    start(root).click();
    const ask = requests(model, "interaction")[0];
    expect(ask).toMatchObject({ a: "layer3.1.conv2:17", b: "layer3.1.conv2:40", count: 5, size: 96 });
    await settled(root);
    await vi.waitFor(() => expect(panel(root, "interaction").querySelectorAll("canvas").length).toBe(5));
    const items = [...panel(root, "interaction").querySelectorAll("li")].map((li) => li.textContent);
    expect(items[0]).toBe("layer3.1.conv2:17a 1.33×, b 0");
    expect(items[2]).toBe("50 % + 50 %a 0.667×, b 6");
  });

  it("lets the second unit be taken from the locked one, and both be searched for together", async () => {
    const { root, model } = await open("unit_inspector");
    root.querySelector<HTMLElement>('[aria-label="Take the locked unit as the second one"]')?.click();
    await breathe();
    expect(field(root).value).toBe("layer3.1.conv2:17");
    model.set("unit", "layer3.1.conv2:3");
    await breathe();
    panel(root, "excites").querySelector<HTMLElement>('[data-value="joint"]')?.click();
    await breathe();
    [...panel(root, "excites").querySelectorAll("button")].find((b) => b.textContent === "Start")?.click();
    expect(requests(model, "synthesis")[0]).toMatchObject({
      target: {
        terms: [
          [1, "layer3.1.conv2:3"],
          [1, "layer3.1.conv2:17"],
        ],
      },
    });
  });
});

describe("what a data set says of the unit", () => {
  const withAtlas = { _atlas: { name: "scenes", layers: ["layer3.1.conv2"] } };
  const bars = (root: ShadowRoot) => [...panel(root, "patches").querySelectorAll<HTMLElement>(".bin")];

  it("is asked where the layer was scanned, and only there", async () => {
    const { root, model } = await open("unit_inspector", withAtlas);
    expect(requests(model, "patches")).toMatchObject([{ unit: "layer3.1.conv2:17", method: "deconvnet" }]);
    model.set("unit", "conv1:3");
    await breathe();
    expect(panel(root, "patches").textContent).toContain("This layer was not scanned.");
    view.life.abort();
    const bare = await open("unit_inspector");
    expect(panel(bare.root, "patches")).toBeNull();
  });

  it("shows the patches by rank with class and score, and how far the scan is", async () => {
    const { root } = await open("unit_inspector", withAtlas);
    const found = [...panel(root, "patches").querySelectorAll(".patch")].map((p) =>
      p.getAttribute("aria-label"),
    );
    expect(found[0]).toBe("rank 1, red disc, scene 0.png, activation 9: look at the picture");
    expect(found).toHaveLength(3);
    const text = panel(root, "patches").textContent;
    expect(text).toContain("so far, n = 1,200 of 50,000");
    expect(text).toContain(
      "purity 67 % of 3 with a class: 2 red disc, 1 blue star · largest 9 · fires in 25 % of the pictures",
    );
  });

  it("turns to a patch's picture at a click", async () => {
    const { root, model } = await open("unit_inspector", withAtlas);
    panel(root, "patches").querySelectorAll<HTMLElement>(".patch")[2]!.click();
    expect(requests(model, "adopt")).toMatchObject([{ picture: 2 }]);
    await vi.waitFor(() => expect(model.get("image_index")).toBe(1));
  });

  it("opens a bin of the histogram to examples, by keys too", async () => {
    const { root, model } = await open("unit_inspector", withAtlas);
    expect(bars(root).map((bar) => bar.getAttribute("aria-label"))).toEqual([
      "0 to 3: 900 pictures",
      "3 to 6: 290 pictures",
      "6 to 9: 10 pictures",
    ]);
    bars(root)[0]!.focus();
    press(root, "ArrowRight");
    (root.activeElement as HTMLElement).click();
    await breathe();
    expect(requests(model, "examples")).toMatchObject([{ unit: "layer3.1.conv2:17", bin: 1 }]);
    await settled(root);
    expect(panel(root, "examples").textContent).toContain("10 pictures reach 1 to 2; some of them:");
    bars(root)[1]!.click();
    await breathe();
    expect(panel(root, "examples")).toBeNull();
  });
});

describe("the mark of the present picture", () => {
  it("lies in its bin, however wide the outer ones are", () => {
    const edges = [-90, 0, 1, 2, 100];
    expect([-91, 0.5, 1, 51, 100, 101].map((value) => placeOf(value, edges))).toEqual([
      0, 0.375, 0.5, 0.875, 1, 1,
    ]);
  });
});
