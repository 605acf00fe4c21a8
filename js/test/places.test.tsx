// What a person comes back to: pins, bookmarks, links; and what only the page chooses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addressIn } from "../src/addresses";
import { slug, type View } from "../src/places";
import { KEYS } from "../src/views/keys";
import { breathe, mounted, panel, press, settled } from "./helpers";

type Mounted = Awaited<ReturnType<typeof mounted>>;
let view: Mounted;
beforeEach(async () => {
  document.body.replaceChildren();
  view = await mounted();
});
afterEach(() => view.life.abort());

const button = (name: string | RegExp): HTMLElement => {
  const named = (b: Element) => b.getAttribute("aria-label") ?? b.textContent ?? "";
  const found = [...view.root.querySelectorAll<HTMLElement>("button")].find((b) =>
    typeof name === "string" ? named(b) === name : name.test(named(b)),
  );
  if (!found) throw new Error(`no button ${name}`);
  return found;
};
const cell = (channel: number) =>
  panel(view.root, "maps").querySelector<HTMLElement>(`[data-channel="${channel}"]`) as HTMLElement;
const field = (label: string) => view.root.querySelector(`input[aria-label^="${label}"]`) as HTMLInputElement;
const type = async (input: HTMLInputElement, text: string) => {
  input.focus();
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await breathe();
};
const sort = () =>
  [...panel(view.root, "maps").querySelectorAll("select")].find((s) => s.value in SORTS) as HTMLSelectElement;
const SORTS = { index: true, activation: true };
const sortBy = async (order: keyof typeof SORTS) => {
  sort().value = order;
  sort().dispatchEvent(new Event("change", { bubbles: true }));
  await breathe();
};
const options = () => [...view.root.querySelectorAll(".find [role=option]")].map((o) => o.textContent);
const link = (href: string, before = false) => {
  const a = Object.assign(document.createElement("a"), { href });
  a.setAttribute("href", href);
  document.body[before ? "prepend" : "append"](a);
  return a;
};

describe("a pin", () => {
  it("is set by p on the focused channel, shown in the grid, and taken away by p", async () => {
    cell(5).focus();
    press(view.root, "p");
    await breathe();
    expect(view.model.state.pins).toEqual([{ unit: "layer3.1.conv2:5", name: "", note: "" }]);
    expect(cell(5).textContent).toBe("★ 5");
    expect(cell(5).getAttribute("aria-label")).toMatch(/, pinned$/);
    press(view.root, "p");
    await breathe();
    expect(view.model.state.pins).toEqual([]);
    expect(cell(5).textContent).toBe("5");
  });

  it("is set by the star beside the unit, named and walked to from the list", async () => {
    button("Pinned").click();
    cell(3).click();
    await breathe();
    button("Pins and bookmarks").click();
    await breathe();
    const name = field("Name of layer3.1.conv2:17");
    name.value = "floppy ear";
    name.dispatchEvent(new Event("change", { bubbles: true }));
    expect(view.model.state.pins).toEqual([{ unit: "layer3.1.conv2:17", name: "floppy ear", note: "" }]);
    await breathe();
    button("Go to layer3.1.conv2:17").click();
    await breathe();
    expect(view.model.state.unit).toBe("layer3.1.conv2:17");
    expect(view.root.querySelector('[role="dialog"]')).toBeNull();
    expect(view.root.textContent).toContain("Showing floppy ear.");
  });
});

describe("a bookmark", () => {
  const keep = async (name: string) => {
    button("Pins and bookmarks").click();
    await breathe();
    await type(field("Name of a new bookmark"), name);
    button("Bookmark this view").click();
    await breathe();
  };

  it("keeps all that is shown, the page's own choices with it, and brings it back", async () => {
    await sortBy("activation");
    view.model.set("image_index", 1);
    view.model.set("target", 5);
    await keep("Floppy ear");
    const kept = (view.model.state.bookmarks as Record<string, View>)["Floppy ear"];
    const shown = { layer: "layer3.1.conv2", unit: "layer3.1.conv2:17", image_index: 1, method: "deconvnet" };
    expect(kept).toEqual({ ...shown, target: 5, page: { "grid.sort": "activation" } });
    press(view.root, "Escape");
    panel(view.root, "maps").querySelector<HTMLElement>('[aria-selected="false"]')?.click();
    view.model.set("image_index", 0);
    await breathe();
    await sortBy("index");
    link("#nbviz:floppy-ear").click();
    await settled(view.root);
    expect(view.model.state).toMatchObject({ ...shown, target: 5 });
    expect(sort().value).toBe("activation");
    expect(button("class").getAttribute("aria-checked")).toBe("true");
  });

  it.each([
    ["", "needs a name"],
    ["layer3:4", "how a unit is written"],
    ["FLOPPY-EAR!", "would be that of “Floppy ear”"],
  ])("called “%s” is refused with the reason", async (name, says) => {
    view.model.set("bookmarks", { "Floppy ear": { layer: "conv1" } });
    await keep(name);
    expect(view.root.querySelector('.dialog [role="alert"]')?.textContent).toContain(says);
    expect(Object.keys(view.model.state.bookmarks as object)).toEqual(["Floppy ear"]);
  });

  it("from another version shows what fits of it, and says what is missing", async () => {
    const page = { "grid.sort": "astrology", opacity: "much", "grid.scale": "layer", news: 3 };
    const base = { unit: "", image_index: 0, method: "", target: null };
    view.model.set("bookmarks", {
      odd: { ...base, layer: "conv1", page },
      gone: { ...base, layer: "conv9", page },
    });
    link("#nbviz:odd").click();
    await settled(view.root);
    expect(view.model.state).toMatchObject({ layer: "conv1", method: "deconvnet" });
    expect(sort().value).toBe("index");
    expect(button("layer").getAttribute("aria-checked")).toBe("true");
    link("#nbviz:gone").click();
    await breathe();
    expect(view.root.querySelector(".foot .fault")?.textContent).toBe("There is no layer conv9.");
    expect(view.model.state.layer).toBe("conv1");
  });
});

describe("a link", () => {
  it("leads to a unit or a layer; another one is left alone; one that leads nowhere is told", async () => {
    link("#nbviz:layer1.0.conv1:9").click();
    expect(view.model.state).toMatchObject({ layer: "layer1.0.conv1", unit: "layer1.0.conv1:9" });
    link("#nbviz:maxpool").click();
    expect(view.model.state).toMatchObject({ layer: "maxpool", unit: "layer1.0.conv1:9" });
    const elsewhere = new MouseEvent("click", { bubbles: true, cancelable: true });
    link("#introduction").dispatchEvent(elsewhere);
    expect(elsewhere.defaultPrevented).toBe(false);
    link("#nbviz:layer1.0.conv1:900").click();
    await breathe();
    expect(view.root.querySelector(".foot .fault")?.textContent).toContain("layer1.0.conv1:900");
  });

  it("leads to the nearest widget above it that knows the place, or to the one it names", async () => {
    const second = await mounted("explorer", { _options: { name: "the other" } });
    link("#nbviz:conv1:1", true).click();
    expect([view.model.state.unit, second.model.state.unit]).toEqual(["conv1:1", "layer3.1.conv2:17"]);
    link("#nbviz:conv1:2").click();
    expect([view.model.state.unit, second.model.state.unit]).toEqual(["conv1:1", "conv1:2"]);
    link("#nbviz:the-other/conv1:3", true).click();
    expect([view.model.state.unit, second.model.state.unit]).toEqual(["conv1:1", "conv1:3"]);
    view.model.set("bookmarks", {
      here: { layer: "conv1", unit: "", image_index: 0, method: "", target: null, page: {} },
    });
    link("#nbviz:here").click();
    expect([view.model.state.unit, second.model.state.unit]).toEqual(["", "conv1:3"]);
    second.life.abort();
    link("#nbviz:conv1:4").click();
    expect(view.model.state.unit).toBe("conv1:4");
  });

  it("is written as Python writes it", () => {
    const names = JSON.parse(readFileSync(join(process.cwd(), "../tests/widgets/links.json"), "utf8"));
    const written = Object.keys(names).map((name) => [name, slug(name)]);
    expect(Object.fromEntries(written)).toEqual(names);
    expect(addressIn("https://x.org/lab/tree/a.ipynb#nbviz:gr%C3%B6%C3%9Fe-3")).toBe("größe-3");
    expect(addressIn("#nbviz:%")).toBeNull();
  });
});

describe("the page's own choices", () => {
  const leave = () => view.root.host.dispatchEvent(new Event("pointerleave"));

  it("are told when the person turns away, not before, and only where there is something to tell", async () => {
    const saved = () => view.model.state._page;
    leave();
    expect(saved()).toEqual({});
    await sortBy("activation");
    expect(saved()).toEqual({});
    leave();
    expect(saved()).toEqual({ "grid.sort": "activation" });
  });

  it("are taken over from Python, those that are not named as the page opened", async () => {
    await sortBy("activation");
    leave();
    view.model.set("_page", { "grid.scale": "layer" });
    await breathe();
    expect(sort().value).toBe("index");
    expect(button("layer").getAttribute("aria-checked")).toBe("true");
  });
});

describe("the field that finds", () => {
  const finder = () => field("Find a unit");

  it("is reached by / and finds units, layers, classes and pins by parts of their names", async () => {
    view.model.set("pins", [{ unit: "layer3.1.conv2:40", name: "red whiskers", note: "" }]);
    cell(5).focus();
    press(view.root, "/");
    expect(view.root.activeElement).toBe(finder());
    await type(finder(), "red");
    expect(options()).toEqual(["red whiskers · layer3.1.conv2:40 ★ pin", "red disc class 0"]);
    await type(finder(), "1.conv1:3");
    expect(options()).toContain("layer3.1.conv1:3 unit");
    await type(finder(), "7");
    expect(options()[0]).toBe("layer3.1.conv2:7 unit");
    await type(finder(), "maxp");
    expect(options()).toEqual(["maxpool layer · MaxPool2d"]);
    await type(finder(), "layer3.1.conv2:9999");
    expect(view.root.querySelector(".find [role=status]")?.textContent).toBe("nothing of that name");
  });

  it("goes where the chosen line leads: arrows and Enter, Escape empties it", async () => {
    await type(finder(), "red");
    press(view.root, "Escape");
    await breathe();
    expect(finder().value).toBe("");
    await type(finder(), "layer1.0.conv1:6");
    press(view.root, "Enter");
    await settled(view.root);
    expect(view.model.state.unit).toBe("layer1.0.conv1:6");
    await breathe();
    expect(cell(6).tabIndex).toBe(0);
    await type(finder(), "b");
    press(view.root, "ArrowDown");
    press(view.root, "ArrowUp");
    const first = options()[0] as string;
    press(view.root, "Enter");
    await breathe();
    expect(view.root.querySelector(".foot")?.textContent).toContain(first.split(" ")[0]);
  });
});

it("the help names every key that acts, and a dialog keeps Tab to itself", async () => {
  cell(17).focus();
  press(view.root, "?");
  await breathe();
  const dialog = view.root.querySelector('[role="dialog"]') as HTMLElement;
  const shown = [...dialog.querySelectorAll("kbd")].map((kbd) => kbd.textContent);
  expect(shown).toEqual(KEYS.map(({ written }) => written));
  press(view.root, "Tab");
  expect(dialog.contains(view.root.activeElement)).toBe(true);
});
