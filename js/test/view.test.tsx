import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseUnit } from "../src/address";
import { searchClasses } from "../src/find";
import { placeAfter, scrollFor } from "../src/views/tile-grid";
import { breathe, mounted, panel, press, requests, settled } from "./helpers";

type Mounted = Awaited<ReturnType<typeof mounted>>;
let view: Mounted;
const open = async (...args: Parameters<typeof mounted>) => {
  view = await mounted(...args);
  return view;
};
afterEach(() => view?.life.abort());

const cellOf = (root: ShadowRoot, channel: number) =>
  root.querySelector<HTMLElement>(`[role="gridcell"][data-channel="${channel}"]`);
const focused = (root: ShadowRoot) => Number((root.activeElement as HTMLElement | null)?.dataset.channel);

describe("the grid", () => {
  beforeEach(() => open());

  it("has rows of cells that say what they are", () => {
    const grid = view.root.querySelector('[role="grid"]') as HTMLElement;
    const columns = Number(grid.getAttribute("aria-colcount"));
    expect(Number(grid.getAttribute("aria-rowcount"))).toBe(Math.ceil(256 / columns));
    expect(grid.querySelectorAll('[role="row"]').length).toBeGreaterThan(3);
    expect(cellOf(view.root, 17)?.getAttribute("aria-label")).toMatch(/^unit 17, max [\d.]+$/);
    expect(cellOf(view.root, 17)?.getAttribute("aria-selected")).toBe("true");
  });

  it("keeps the document small however many channels there are", async () => {
    view.model.set("layer", "layer4.1");
    await settled(view.root);
    await breathe();
    expect(view.root.querySelectorAll('[role="gridcell"]').length).toBeLessThan(120);
  });

  it("is one stop for Tab, on the chosen unit first", () => {
    const stops = [...view.root.querySelectorAll<HTMLElement>('[role="gridcell"]')].filter(
      (c) => c.tabIndex === 0,
    );
    expect(stops.map((c) => c.dataset.channel)).toEqual(["17"]);
  });

  it("moves by arrows, Home and End, also to rows that were not in the document", async () => {
    const columns = Number(view.root.querySelector('[role="grid"]')?.getAttribute("aria-colcount"));
    cellOf(view.root, 17)?.focus();
    const go = async (key: string, init?: KeyboardEventInit) => {
      press(view.root, key, init);
      await breathe();
      return focused(view.root);
    };
    expect(await go("ArrowRight")).toBe(18);
    expect(await go("ArrowDown")).toBe(18 + columns);
    expect(await go("ArrowUp")).toBe(18);
    expect(await go("End", { ctrlKey: true })).toBe(255);
    expect(await go("ArrowRight")).toBe(255);
    expect(await go("Home", { ctrlKey: true })).toBe(0);
    expect(await go("ArrowLeft")).toBe(0);
  });

  it("chooses on click, and Enter on the chosen unit starts what excites it", async () => {
    const before = Number(panel(view.root, "projection").dataset.seq);
    cellOf(view.root, 3)?.click();
    expect([view.model.state.unit, view.model.state.layer]).toEqual(["layer3.1.conv2:3", "layer3.1.conv2"]);
    await new Promise((resolve) => setTimeout(resolve));
    expect(panel(view.root, "projection").dataset.state).toBe("computing");
    await settled(view.root);
    expect(Number(panel(view.root, "projection").dataset.seq)).toBeGreaterThan(before);
    cellOf(view.root, 3)?.focus();
    press(view.root, "Enter");
    expect(requests(view.model, "synthesis")).toHaveLength(1);
    press(view.root, "Escape");
    expect(view.model.sent.at(-1)?.type).toBe("cancel");
  });

  it("peeks under the pointer without asking the kernel or counting as a repainting", async () => {
    const before = [view.model.sent.length, panel(view.root, "overlay").dataset.seq];
    cellOf(view.root, 5)?.dispatchEvent(new Event("pointerover", { bubbles: true }));
    await breathe();
    expect(panel(view.root, "overlay").textContent).toContain("layer3.1.conv2:5");
    expect([view.model.sent.length, panel(view.root, "overlay").dataset.seq]).toEqual(before);
  });
});

describe("keys", () => {
  beforeEach(() => open());

  it("u and o go through the layers and keep the cursor, b through the methods", async () => {
    cellOf(view.root, 17)?.focus();
    press(view.root, "o");
    expect(view.model.state.layer).toBe("layer3.1");
    await settled(view.root);
    await breathe();
    expect(cellOf(view.root, 17)?.tabIndex).toBe(0);
    expect(view.model.state.unit).toBe("layer3.1.conv2:17");
    panel(view.root, "maps").querySelector<HTMLElement>('[role="radio"]')?.focus();
    press(view.root, "u");
    expect(view.model.state.layer).toBe("layer3.1.conv2");
    press(view.root, "b");
    expect(view.model.state.method).toBe("guided_backprop");
  });

  it("typed into a field are text", () => {
    const field = view.root.querySelector<HTMLInputElement>('[aria-label="Unit"]');
    field?.focus();
    press(view.root, "b");
    press(view.root, "?");
    expect(view.model.state.method).toBe("deconvnet");
    expect(view.root.querySelector('[role="dialog"]')).toBeNull();
  });

  it("? opens the help, which takes the focus and gives it back", async () => {
    cellOf(view.root, 17)?.focus();
    press(view.root, "?");
    await breathe();
    expect(view.root.querySelector('[role="dialog"]')?.contains(view.root.activeElement)).toBe(true);
    press(view.root, "Escape");
    await breathe();
    expect(view.root.querySelector('[role="dialog"]')).toBeNull();
    expect(focused(view.root)).toBe(17);
  });

  it("stay away from the notebook: every focusable element carries the mark, and so does the host", () => {
    const focusable = [...view.root.querySelectorAll("button, input, select, summary, [tabindex]")];
    expect(focusable.length).toBeGreaterThan(50);
    expect(focusable.filter((e) => e.getAttribute("data-lm-suppress-shortcuts") !== "true")).toEqual([]);
    expect((view.root.host as HTMLElement).getAttribute("data-lm-suppress-shortcuts")).toBe("true");
  });
});

describe("what failed", () => {
  const foot = () => view.root.querySelector(".foot")?.textContent;

  it("is told by its panel, and not kept below once one has turned to something else", async () => {
    await open("explorer");
    view.model.fault = { op: "projection", message: "no way back" };
    cellOf(view.root, 3)?.click();
    await settled(view.root);
    view.model.set("status", "failed");
    view.model.set("last_error", "no way back");
    await breathe();
    expect(panel(view.root, "projection").textContent).toContain("no way back");
    expect(foot()).not.toContain("no way back");
    view.model.set("last_error", "layer: no such layer");
    await breathe();
    expect(foot()).toContain("layer: no such layer");
  });
});

describe("text from models, labels and errors", () => {
  const HOSTILE = '<img src=x onerror="globalThis.harmed = true"><script>globalThis.harmed = true</script>';

  it("is text wherever it appears", async () => {
    await open("explorer", { last_error: HOSTILE, status: "failed" });
    const network = { ...(view.model.state._network as object), name: HOSTILE, notes: [HOSTILE] };
    view.model.set("_network", network);
    view.model.set("_images", [
      { name: HOSTILE, key: "x" },
      { name: HOSTILE, key: "y" },
    ]);
    view.model.fault = { op: "projection", message: HOSTILE };
    cellOf(view.root, 3)?.click();
    await settled(view.root);
    await breathe();
    expect(panel(view.root, "projection").dataset.state).toBe("failed");
    expect(view.root.textContent).toContain(HOSTILE);
    expect(view.root.textContent).toContain("<img src=x onerror=alert(1)> & co");
    expect(view.root.querySelector("img[onerror], script")).toBeNull();
    expect("harmed" in globalThis).toBe(false);
  });
});

describe("views", () => {
  it("of one model agree, and are taken apart alone", async () => {
    const { model, addView, root, dispose, el } = await open();
    const asked = requests(model).length;
    const second = addView();
    await settled(second.root);
    expect(requests(model).length).toBe(asked);
    cellOf(second.root, 9)?.click();
    await settled(root);
    expect(cellOf(root, 9)?.getAttribute("aria-selected")).toBe("true");
    dispose();
    expect(el.childElementCount).toBe(0);
    cellOf(second.root, 10)?.click();
    await settled(second.root);
    expect(panel(second.root, "projection").textContent).toContain("layer3.1.conv2:10");
  });

  it("tell that the kernel went away, keep their pictures, and greet it when it is back", async () => {
    const { el, root, model } = await open();
    el.classList.add("jupyter-widgets-disconnected");
    await breathe();
    expect(root.querySelector('[role="alert"]')?.textContent).toContain(
      "The kernel was restarted: run the cell again.",
    );
    expect(panel(root, "maps").dataset.state).toBe("stale");
    const greetings = model.sent.filter((m) => m.type === "hello").length;
    el.classList.remove("jupyter-widgets-disconnected");
    await breathe();
    expect(model.sent.filter((m) => m.type === "hello").length).toBe(greetings + 1);
    await vi.waitFor(() => expect(panel(root, "maps").dataset.state).toBe("ready"));
  });

  it.each([
    ["layer_grid", "maps"],
    ["filter_grid", "filters"],
    ["heatmap_overlay", "overlay"],
    ["unit_inspector", "projection"],
  ] as const)("%s shows its panel alone", async (name, shown) => {
    const { root } = await open(name);
    expect(panel(root, shown).dataset.state).toBe("ready");
    expect(Number(panel(root, shown).dataset.seq)).toBeGreaterThan(0);
    // Beside the enlarged projection lies the same part of the picture.
    expect(panel(root, shown).querySelectorAll("canvas")).toHaveLength(shown === "projection" ? 2 : 1);
  });

  it("of filters set the unit whose weights were clicked", async () => {
    const { root, model } = await open("filter_grid");
    cellOf(root, 5)?.click();
    expect(model.state.unit).toBe("conv1:5");
    await breathe();
    expect(cellOf(root, 5)?.getAttribute("aria-selected")).toBe("true");
  });

  it("of filters follow the layer that the kernel took", async () => {
    const { root, model } = await open("filter_grid", { layer: "" });
    expect(requests(model, "filters")[0]).toMatchObject({ layer: null });
    expect(model.state.layer).toBe("conv1");
    await breathe();
    await settled(root);
    expect(panel(root, "filters").querySelector("select")?.value).toBe("conv1");
    expect(panel(root, "filters").dataset.state).toBe("ready");
  });

  it("say in the cell why they cannot be shown", async () => {
    const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
    view = await open();
    const { default: widget } = await import("../src/entry");
    const el = document.createElement("div");
    widget().render({ el, signal: new AbortController().signal } as never);
    expect(el.textContent).toContain("nbviz could not show this widget: render was called before initialize");
    complaint.mockRestore();
  });

  it("say that a class has no positive evidence instead of painting nothing", async () => {
    const { root, model } = await open();
    model.set("target", 7);
    await breathe();
    expect(panel(root, "overlay").textContent).toContain(
      "No positive evidence for this class at this layer.",
    );
  });
});

it("pictures are chosen by what they show and by name, and drawn once for all views", async () => {
  const { root, model, addView } = await open();
  const second = addView();
  await settled(second.root);
  expect(requests(model, "thumbnails")).toHaveLength(1);
  const options = [...panel(second.root, "thumbnails").querySelectorAll<HTMLElement>('[role="option"]')];
  expect(options.map((o) => o.textContent)).toEqual(["two_objects.png", "meadow.jpg", "harbour.jpg"]);
  expect(options.map((o) => o.querySelectorAll("img").length)).toEqual([1, 1, 1]);
  options[0]?.focus();
  press(second.root, "ArrowRight");
  expect(model.state.image_index).toBe(1);
  model.fault = { op: "thumbnails", message: "no thumbnails" };
  model.set("_images", [
    { name: "new.jpg", key: "x" },
    { name: "newer.jpg", key: "y" },
  ]);
  await breathe();
  expect(root.querySelector(".strip")?.textContent).toBe("new.jpgnewer.jpg");
  expect(panel(root, "thumbnails").querySelectorAll("img")).toHaveLength(0);
});

describe("a method's parameters", () => {
  const control = <T extends HTMLElement>(label: string) => {
    const found = [...panel(view.root, "picture").querySelectorAll("label")].find(
      (l) => l.querySelector("span")?.textContent === label,
    );
    return found?.querySelector("input, select") as T;
  };
  const change = async (field: HTMLInputElement | HTMLSelectElement, value: string) => {
    field.value = value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    await breathe();
  };
  beforeEach(async () => {
    await open();
    await change(control<HTMLSelectElement>("method"), "occlusion");
  });

  it("become controls beside it, and their values part of the question", async () => {
    expect(control<HTMLInputElement>("window, pixels").placeholder).toBe("auto");
    expect(control<HTMLInputElement>("noise").value).toBe("0.15");
    await change(control("noise"), "0.5");
    await change(control("baseline"), "blurred");
    // Enter is enough: the notebook keeps the browser from taking the value over by itself.
    const window = control<HTMLInputElement>("window, pixels");
    window.value = "24";
    window.focus();
    press(view.root, "Enter");
    await breathe();
    await settled(view.root);
    const params = { window: 24, noise: 0.5, baseline: "blurred" };
    expect(requests(view.model, "overlay").at(-1)).toMatchObject({ params });
  });

  it("that do not fit are not taken over", async () => {
    const asked = requests(view.model, "overlay").length;
    await change(control("noise"), "1.5");
    await change(control("noise"), "");
    await change(control("window, pixels"), "2.5");
    expect(control<HTMLInputElement>("noise").value).toBe("0.15");
    expect(control<HTMLInputElement>("window, pixels").value).toBe("");
    expect(requests(view.model, "overlay").length).toBe(asked);
  });

  it("belong to it alone; where it is computed at a layer, that can be chosen", async () => {
    await change(control<HTMLSelectElement>("method"), "grad_cam");
    await settled(view.root);
    expect(control("noise")).toBeUndefined();
    control<HTMLInputElement>("evidence against, too").click();
    await change(control<HTMLSelectElement>("at"), "chosen");
    await settled(view.root);
    const asked = { params: { signed: true }, layer: "layer3.1.conv2" };
    expect(requests(view.model, "overlay").at(-1)).toMatchObject(asked);
    expect(panel(view.root, "overlay").textContent).toContain("Grad-CAM (signed true) at layer3.1.conv2");
  });
});

it("a map that grows says how far it is, and when it was stopped", async () => {
  const { root, model } = await open();
  const method = panel(root, "picture").querySelector("select") as HTMLSelectElement;
  method.value = "occlusion";
  method.dispatchEvent(new Event("change"));
  const overlay = panel(root, "overlay");
  await vi.waitFor(() => expect(overlay.textContent).toContain("step 4 of 20"));
  expect([overlay.dataset.state, overlay.dataset.partial]).toEqual(["computing", "true"]);
  (root.activeElement ?? root.querySelector<HTMLElement>("button"))?.dispatchEvent(
    new KeyboardEvent("keydown", { key: "Escape", bubbles: true }),
  );
  await breathe();
  expect(overlay.textContent).toContain("stopped at step");
  const again = [...overlay.querySelectorAll("button")].find((b) => b.textContent === "compute again");
  again?.click();
  await settled(root);
  await breathe();
  await settled(root);
  expect(overlay.textContent).toContain("samples 8");
  expect(requests(model, "overlay")).toHaveLength(3);
});

describe("what excites", () => {
  const named = (root: ShadowRoot, label: string) =>
    root.querySelector<HTMLElement>(`[aria-label="${label}"]`);
  const clickOn = (root: ShadowRoot, text: string) =>
    [...panel(root, "excites").querySelectorAll("button")].find((b) => b.textContent === text)?.click();
  const segment = (root: ShadowRoot, value: string) =>
    panel(root, "excites").querySelector<HTMLElement>(`[data-value="${value}"]`);

  it("a class is one click away in the list of classes, and said in the caption", async () => {
    const { root, model } = await open("explorer", { _options: { steps: 8 } });
    expect(segment(root, "class")).toBeNull();
    named(root, "What excites red disc")?.click();
    await breathe();
    await settled(root);
    expect(requests(model, "synthesis")[0]).toMatchObject({ target: { logit: 0 } });
    expect(panel(root, "excites").textContent).toContain(
      "logit of red disc · 8 steps, seed 0 · logit 12.5 · 1.39 × the natural maximum",
    );
    segment(root, "neuron")?.click();
    await breathe();
    expect(panel(root, "excites").textContent).toContain(
      "Start draws a picture that excites layer3.1.conv2:17.",
    );
  });

  it("a locked neuron can be its channel instead", async () => {
    const { root, model } = await open("unit_inspector", { unit: "layer3.1.conv2:17@3,5" });
    expect(segment(root, "neuron")?.getAttribute("aria-checked")).toBe("true");
    segment(root, "channel")?.click();
    await breathe();
    clickOn(root, "Start");
    expect(requests(model, "synthesis")[0]).toMatchObject({ target: { unit: "layer3.1.conv2:17" } });
  });

  it("is played back picture by picture, each with its place on the curve", async () => {
    const { root } = await open("unit_inspector", { _options: { steps: 8 } });
    clickOn(root, "Start");
    await breathe();
    await settled(root);
    const excites = panel(root, "excites");
    const slider = excites.querySelector('input[type="range"]') as HTMLInputElement;
    expect([slider.min, slider.max, slider.value]).toEqual(["0", "2", "2"]);
    const before = excites.dataset.seq;
    slider.value = "1";
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await vi.waitFor(() => expect(excites.dataset.seq).not.toBe(before));
    expect(slider.getAttribute("aria-valuetext")).toBe(
      "layer3.1.conv2:17 · step 4 of 8 · activation 6.5 · 0.722 × the natural maximum",
    );
    expect(excites.querySelector(".curve svg")?.getAttribute("aria-label")).toBe(
      "activation from 0.0556 at step 0 to 1.39 times the natural maximum of 3 pictures seen at step 8, first beyond it at step 8",
    );
    expect(excites.querySelector(".curve figcaption")?.textContent).toBe(
      "activation ÷ 9, the natural maximum of 3 pictures seen",
    );
  });

  it("can be the opposite of a unit, and written in another way", async () => {
    const { root, model } = await open("unit_inspector", { unit: "layer3.1.conv2:17" });
    segment(root, "negative")?.click();
    await breathe();
    clickOn(root, "Start");
    expect(requests(model, "synthesis")[0]).toMatchObject({
      target: { terms: [[-1, "layer3.1.conv2:17"]] },
      param: null,
    });
    const select = panel(root, "excites").querySelector("select") as HTMLSelectElement;
    select.value = "pixel";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await breathe();
    clickOn(root, "Start");
    expect(requests(model, "synthesis")[1]).toMatchObject({ param: "pixel" });
  });

  it("a class is not offered where there is no place to show it", async () => {
    const { root } = await open("heatmap_overlay");
    expect(root.querySelectorAll(".class-bar")).toHaveLength(5);
    expect(named(root, "What excites red disc")).toBeNull();
  });
});

describe("a small receptive field", () => {
  const images = (root: ShadowRoot) =>
    [...panel(root, "projection").querySelectorAll("canvas")].map((c) => c.getAttribute("aria-label"));
  const choose = async (root: ShadowRoot, value: string) => {
    panel(root, "projection").querySelector<HTMLElement>(`[data-value="${value}"]`)?.click();
    await breathe();
  };

  it("is shown enlarged beside the picture's own pixels, the whole at a keystroke, the kernel unasked", async () => {
    const { root, model } = await open();
    const field = panel(root, "projection").textContent?.match(/rows \d+–\d+, columns \d+–\d+/)?.[0];
    expect(field).toBeDefined();
    expect(images(root)).toEqual([expect.stringMatching(/^deconvnet of .*, rows /), "The picture there"]);
    const [sent, seq] = [model.sent.length, panel(root, "projection").dataset.seq];
    panel(root, "projection").querySelector<HTMLElement>('[data-value="field"]')?.focus();
    press(root, "ArrowRight");
    await breathe();
    expect(images(root)).toEqual(["deconvnet of layer3.1.conv2:17"]);
    expect(panel(root, "projection").textContent).toContain(field);
    expect(model.sent.length).toBe(sent);
    await vi.waitFor(() => expect(Number(panel(root, "projection").dataset.seq)).toBe(Number(seq) + 1));
    await choose(root, "field");
    expect(images(root)).toHaveLength(2);
  });

  it("is never shown beside another picture", async () => {
    const { root, model } = await open();
    model.fault = { op: "picture", message: "no picture" };
    model.set("image_index", 1);
    await breathe();
    await settled(root);
    expect(panel(root, "projection").dataset.state).toBe("ready");
    expect(images(root)).toHaveLength(1);
  });
});

describe("small parts", () => {
  it("units are read as Python writes them", () => {
    expect(parseUnit("layer4.1.conv2:17")).toEqual({ layer: "layer4.1.conv2", channel: 17, position: null });
    expect(parseUnit(" relu#2:17@3,5 ")).toEqual({ layer: "relu#2", channel: 17, position: [3, 5] });
    for (const wrong of ["", "layer4", "layer4:", ":3", "layer4:x", "layer4:1@2", "layer4:-1"]) {
      expect(parseUnit(wrong)).toBeNull();
    }
  });

  it("classes are found by any part of their name or by number, beginnings first", () => {
    const labels = ["great tabby", "tabby", "dog", "tabby cat"];
    expect(searchClasses(labels, "TABBY")).toEqual([1, 3, 0]);
    expect(searchClasses(labels, "2")).toEqual([2]);
    expect(searchClasses(labels, " ")).toEqual([]);
    expect(searchClasses(labels, "bird")).toEqual([]);
  });

  it("rows come into view by the least scrolling, from far away to the middle", () => {
    expect(scrollFor(50, 10, 0, 100)).toBe(0);
    expect(scrollFor(95, 10, 0, 100)).toBe(5);
    expect(scrollFor(50, 10, 60, 100)).toBe(50);
    expect(scrollFor(1000, 10, 0, 100)).toBe(955);
    expect(scrollFor(0, 10, 500, 100)).toBe(0);
  });

  it("pages move by the rows in view", () => {
    const g = { columns: 4, rows: 9, tileWidth: 1, tileHeight: 1, pitchX: 1, pitchY: 1 };
    const place = (key: string) => placeAfter(new KeyboardEvent("keydown", { key }), 9, g, 2);
    expect(["PageDown", "PageUp", "Home", "End", "x"].map(place)).toEqual([17, 1, 8, 11, null]);
  });
});
