import { afterEach, describe, expect, it, vi } from "vitest";
import { scaleFor } from "../src/scale";
import { breathe, mounted, panel, press, requests, settled } from "./helpers";

type Mounted = Awaited<ReturnType<typeof mounted>>;
let view: Mounted;
const open = async (...args: Parameters<typeof mounted>) => {
  view = await mounted(...args);
  return view;
};
afterEach(() => view?.life.abort());

const all = <T extends HTMLElement = HTMLElement>(selector: string) => [
  ...view.root.querySelectorAll<T>(selector),
];
const item = (name: string) => all('[role="treeitem"]').find((one) => one.dataset.node === name);
const names = () => all('[role="treeitem"]').map((one) => one.dataset.node);
const focused = () => (view.root.activeElement as HTMLElement | null)?.dataset.node;
const channels = () => all('[role="gridcell"]').map((cell) => Number(cell.dataset.channel));
const label = (channel: number) =>
  all('[role="gridcell"]').find((cell) => cell.dataset.channel === String(channel))?.ariaLabel ?? "";
const change = async (field: HTMLInputElement | HTMLSelectElement, value: string, kind = "change") => {
  field.value = value;
  field.dispatchEvent(new Event(kind, { bubbles: true }));
  await breathe();
  await settled(view.root);
};
const field = <T extends HTMLElement>(name: string) =>
  all("label")
    .find((one) => one.textContent?.startsWith(name))
    ?.querySelector("input, select") as T;
const sortBy = (value: string) => change(field<HTMLSelectElement>("sort"), value);
const show = async (value: string) => {
  all(`[aria-label="Show"] [data-value="${value}"]`)[0]?.click();
  await breathe();
  await settled(view.root);
};

describe("the map", () => {
  it("is a tree whose way to the chosen layer is open", async () => {
    await open();
    expect(item("layer3.1.conv2")?.ariaSelected).toBe("true");
    expect(item("layer3")?.ariaExpanded).toBe("true");
    expect(item("layer4")?.ariaExpanded).toBe("false");
    expect(item("conv1")?.hasAttribute("aria-expanded")).toBe(false);
    expect(item("layer3.1.conv2")?.getAttribute("aria-level")).toBe("3");
    expect(all('[role="treeitem"]').filter((one) => one.tabIndex === 0)).toEqual([item("layer3.1.conv2")]);
  });

  it("moves sideways along what is open, opens downwards and closes upwards, chooses on Enter", async () => {
    await open();
    item("layer3.1.conv2")?.focus();
    const go = async (key: string) => {
      press(view.root, key);
      await breathe();
      return focused();
    };
    expect(await go("ArrowRight")).toBe("layer4");
    expect(await go("ArrowDown")).toBe("layer4");
    expect(item("layer4")?.ariaExpanded).toBe("true");
    expect(await go("ArrowDown")).toBe("layer4.0…layer4.1");
    expect(await go("ArrowDown")).toBe("layer4.0…layer4.1");
    expect(await go("ArrowDown")).toBe("layer4.0");
    expect(view.model.state.layer).toBe("layer3.1.conv2");
    expect(await go("Enter")).toBe("layer4.0");
    expect(view.model.state.layer).toBe("layer4.0");
    expect(await go("ArrowUp")).toBe("layer4.0…layer4.1");
    expect(await go("ArrowUp")).toBe("layer4.0…layer4.1");
    expect(names()).not.toContain("layer4.0");
    expect(await go("Home")).toBe("conv1");
    expect(await go("End")).toBe("fc");
    expect(await go("ArrowRight")).toBe("fc");
  });

  it("tells repeats once, and names the chosen one by the stop that holds it while that is closed", async () => {
    await open("explorer", { layer: "conv1", unit: "conv1:3" });
    expect(item("layer3")?.ariaExpanded).toBe("false");
    item("layer4")?.querySelector<HTMLElement>(".twist")?.click();
    await breathe();
    expect(view.model.state.layer).toBe("conv1");
    const run = item("layer4.0…layer4.1");
    expect(run?.textContent).toContain("2 × Bottleneck");
    run?.querySelector<HTMLElement>(".stop-row b")?.click();
    expect(view.model.state.layer).toBe("layer4.1");
    item("layer4")?.querySelector<HTMLElement>(".twist")?.click();
    await breathe();
    expect(item("layer4")?.ariaSelected).toBe("true");
  });

  it("says of each stop with positions how much of it fires, here and on all pictures", async () => {
    await open();
    expect(item("layer2")?.ariaLabel).toMatch(
      /^layer2 · Sequential · 128 × 28² · \d+ of 128 units above zero on this picture · \d+ on none of the 3 pictures here · sees \d+ × \d+ pixels$/,
    );
    expect(item("layer2")?.querySelector(".fires")).not.toBeNull();
    expect(item("fc")?.querySelector(".fires")).toBeNull();
    expect(view.root.querySelector(".reading")?.textContent).toContain("none of the 3 pictures here");
  });

  it("tells of a data set where one was scanned", async () => {
    await open("explorer", { _atlas: { name: "animals", layers: ["layer2.1"] } });
    expect(requests(view.model, "extremes")).toContainEqual(expect.objectContaining({ images: null }));
    expect(item("layer2")?.ariaLabel).toMatch(/ · \d+ on none of the 1200 pictures of animals · /);
    await sortBy("dataset");
    expect(label(channels()[0]!)).toContain("max over the 1200 pictures of animals");
  });

  it("shows names of any kind as text", async () => {
    const hostile = '"]<img src=x onerror="globalThis.harmed = true">';
    await open();
    const network = structuredClone(view.model.state._network) as { layers: object[]; tree: object[] };
    const like = network.layers[0] as object;
    network.layers.unshift({ ...like, name: hostile });
    network.tree.unshift({ name: hostile, label: hostile, layer: hostile });
    view.model.set("_network", network);
    await breathe();
    item(hostile)?.focus();
    press(view.root, "ArrowRight");
    expect(focused()).toBe("conv1");
    expect(item(hostile)?.textContent).toContain(hostile);
    expect(view.root.querySelector("img[onerror]")).toBeNull();
    expect("harmed" in globalThis).toBe(false);
  });
});

describe("the grid", () => {
  it("orders its channels by what is chosen, and asks the kernel only for what the page cannot know", async () => {
    await open();
    const before = requests(view.model).length;
    await sortBy("activation");
    const maxima = channels().map((channel) => Number(label(channel).match(/max ([\d.]+)/)?.[1]));
    expect(maxima.length).toBeGreaterThan(20);
    expect(maxima).toEqual([...maxima].sort((a, b) => b - a));
    await sortBy("similarity");
    expect(channels()[0]).toBe(17);
    expect(label(channels()[1]!)).toContain("cosine with unit 17 on this picture");
    await sortBy("dataset");
    expect(label(channels()[0]!)).toContain("max over the 3 pictures here");
    await sortBy("silent");
    expect(requests(view.model).length).toBe(before);
    await sortBy("contribution");
    expect(requests(view.model, "contributions")).toHaveLength(1);
    expect(label(channels()[0]!)).toContain("contribution to blue star");
    view.model.set("target", 0);
    await breathe();
    await settled(view.root);
    expect(label(channels()[0]!)).toContain("contribution to red disc");
  });

  it("says why it cannot order by similarity", async () => {
    await open("explorer", { layer: "fc", unit: "fc:2" });
    await sortBy("similarity");
    expect(panel(view.root, "maps").textContent).toContain("One number a unit");
    view.model.set("layer", "layer2.1");
    await breathe();
    await settled(view.root);
    expect(panel(view.root, "maps").textContent).toContain("Choose a unit of this layer");
  });

  it("leaves out what stays below a threshold, counts what is left, and says so when nothing is chosen", async () => {
    await open();
    const slider = view.root.querySelector<HTMLInputElement>('input[type="range"][step="0.01"]');
    await change(slider as HTMLInputElement, "0.5", "input");
    const [, kept, threshold] =
      panel(view.root, "maps")
        .querySelector("output")
        ?.textContent?.match(/^(\d+) of 256 ≥ ([\d.]+)$/) ?? [];
    expect(Number(kept)).toBeGreaterThan(0);
    const grid = view.root.querySelector('[role="grid"]');
    const columns = Number(grid?.getAttribute("aria-colcount"));
    expect(Number(grid?.getAttribute("aria-rowcount"))).toBe(Math.ceil(Number(kept) / columns));
    for (const channel of channels()) {
      expect(Number(label(channel).match(/max ([\d.]+)/)?.[1])).toBeGreaterThanOrEqual(Number(threshold));
    }
    expect(all('[role="gridcell"]').filter((cell) => cell.tabIndex === 0)).toHaveLength(1);
  });

  it("finds a unit by its number, also one that was left out", async () => {
    await open();
    const slider = view.root.querySelector<HTMLInputElement>('input[type="range"][step="0.01"]');
    await change(slider as HTMLInputElement, "1", "input");
    const find = view.root.querySelector<HTMLInputElement>('[aria-label="Find a unit in the grid"]');
    find?.focus();
    (find as HTMLInputElement).value = "201";
    press(view.root, "Enter");
    await breathe();
    expect((view.root.activeElement as HTMLElement).dataset.channel).toBe("201");
    (find as HTMLInputElement).value = "256";
    find?.focus();
    press(view.root, "Enter");
    await breathe();
    expect(panel(view.root, "maps").textContent).toContain("Units are 0 to 255.");
  });

  it("follows a unit that is named elsewhere", async () => {
    await open();
    view.model.set("unit", "layer3.1.conv2:250");
    await breathe();
    expect(all('[role="gridcell"][aria-selected="true"]').map((cell) => cell.dataset.channel)).toEqual([
      "250",
    ]);
  });

  it("shows the layer's kernels, asked for once, and over which range", async () => {
    await open("explorer", { layer: "conv1", unit: "conv1:3" });
    expect(requests(view.model, "filters")).toHaveLength(0);
    await show("weights");
    expect(requests(view.model, "filters")).toHaveLength(1);
    expect(panel(view.root, "maps").dataset.state).toBe("ready");
    expect(label(3)).toMatch(/^unit 3, largest weight [\d.]+$/);
    expect(panel(view.root, "maps").querySelector(".legend")?.textContent).toMatch(/^filter 3: grey is 0/);
    all('[aria-label="Scale"] [data-value="layer"]')[0]?.click();
    await breathe();
    expect(panel(view.root, "maps").querySelector(".legend")?.textContent).toMatch(/^layer: grey is 0/);
    expect(all('[aria-label="Scale"] [data-value="network"]')).toHaveLength(0);
    await show("activations");
    await show("weights");
    expect(requests(view.model, "filters")).toHaveLength(1);
  });

  it("draws what excites each unit on demand, and says how far it is", async () => {
    await open("explorer", { layer: "layer1.0", unit: "layer1.0:3" });
    await show("excites");
    expect(requests(view.model, "gallery")).toHaveLength(0);
    const start = all("button").find((button) => button.textContent === "Draw what excites each unit");
    start?.click();
    await breathe();
    await settled(view.root);
    await breathe();
    expect(requests(view.model, "gallery")).toHaveLength(1);
    expect(label(3)).toMatch(/^unit 3, (activation|not drawn|.*silent)/);
  });

  it("shows each unit's strongest patch where there is an atlas; else says why not, and what to do", async () => {
    await open("explorer", { _atlas: { name: "animals", layers: ["layer3.1.conv2"] } });
    await show("patches");
    await vi.waitFor(() => expect(label(250)).not.toBe("not there yet"));
    expect(label(3)).toBe("unit 3, strongest 8.63, red disc, scene 3.png");
    expect(label(6)).toBe("unit 6, dead: no picture");
    expect(all('[data-channel="6"]')[0]?.textContent).toBe("6 dead");
    const grid = panel(view.root, "maps");
    expect(grid.querySelector(".legend")?.textContent).toBe(
      "each unit's strongest patch in animals, n = 1,200",
    );
    view.model.set("layer", "conv1");
    await breathe();
    expect(grid.textContent).toContain("conv1 was not scanned: it is not in animals.");
    view.life.abort();
    await open();
    const choice = all('[aria-label="Show"] [data-value="patches"]')[0]!;
    expect(choice.getAttribute("aria-disabled")).toBe("true");
    expect(choice.title).toMatch(/none was scanned: nbviz\.explore\(net, atlas=/);
    choice.click();
    await breathe();
    expect(view.root.querySelector(".foot .fault")?.textContent).toBe(choice.title);
    expect(all('[aria-label="Show"] [aria-checked="true"]')[0]?.dataset.value).toBe("activations");
    // By keys one comes past it.
    all('[aria-label="Show"] [data-value="activations"]')[0]?.focus();
    for (const _ of [1, 2, 3]) press(view.root, "ArrowRight");
    await breathe();
    expect(all('[aria-label="Show"] [aria-checked="true"]')[0]?.dataset.value).toBe("weights");
  });

  it("shares one scale with all layers where that is wanted", async () => {
    await open();
    all('[aria-label="Scale"] [data-value="network"]')[0]?.click();
    await breathe();
    expect(panel(view.root, "maps").querySelector(".legend .quantity")?.textContent).toBe("network");
  });

  it("does not spread a single number over its own range, which it would always fill", () => {
    expect(scaleFor("unit", { height: 1, width: 1 })).toBe("layer");
    expect(scaleFor("network", { height: 1, width: 1 })).toBe("network");
    expect(scaleFor("unit", { height: 1, width: 2 })).toBe("unit");
  });
});

describe("groups", () => {
  const tiles = () => [...panel(view.root, "groups").querySelectorAll<HTMLElement>("button")];

  it("are asked for on demand, lie over the picture, and order the grid by who belongs to them", async () => {
    await open();
    expect(requests(view.model, "groups")).toHaveLength(0);
    field<HTMLInputElement>("groups").click();
    await breathe();
    await settled(view.root);
    expect(requests(view.model, "groups")).toEqual([
      expect.objectContaining({ images: [0, 1, 2], layer: "layer3.1.conv2", count: 6, seed: 0 }),
    ]);
    expect(tiles()).toHaveLength(6);
    expect(panel(view.root, "groups").textContent).toContain(
      "explain 71 % of what is above zero over 3 pictures",
    );
    tiles()[1]?.click();
    await breathe();
    await settled(view.root);
    expect(tiles()[1]?.ariaPressed).toBe("true");
    expect(panel(view.root, "overlay").textContent).toContain("Group 2 of 6 of layer3.1.conv2");
    const strongest = tiles()[1]?.querySelector("small")?.textContent?.split(" ").map(Number);
    expect(channels().slice(0, 3)).toEqual(strongest);
    // Another picture of those that were grouped costs no question.
    view.model.set("image_index", 1);
    await breathe();
    await settled(view.root);
    expect(requests(view.model, "groups")).toHaveLength(1);
    await change(field<HTMLInputElement>("how many"), "3");
    expect(tiles()).toHaveLength(3);
    field<HTMLInputElement>("groups").click();
    await breathe();
    expect(view.root.querySelector('[data-panel="groups"]')).toBeNull();
  });
});
