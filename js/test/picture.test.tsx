import { afterEach, describe, expect, it, vi } from "vitest";
import { breathe, mounted, panel, press, requests, settled } from "./helpers";

type Mounted = Awaited<ReturnType<typeof mounted>>;
let view: Mounted;
const open = async (...args: Parameters<typeof mounted>) => {
  view = await mounted(...args);
  return view;
};
afterEach(() => view?.life.abort());

const button = (root: ShadowRoot, label: string) =>
  [...root.querySelectorAll("button")].find(
    (b) => b.getAttribute("aria-label")?.startsWith(label) || b.textContent === label,
  ) as HTMLButtonElement;

describe("the camera", () => {
  const camera = (getUserMedia: unknown) =>
    Object.defineProperty(navigator, "mediaDevices", {
      value: getUserMedia && { getUserMedia },
      configurable: true,
    });
  afterEach(() => camera(undefined));

  it("is said to be missing where the browser gives none", async () => {
    const { root } = await open();
    const missing = button(root, "No camera here");
    expect([missing.textContent, missing.disabled]).toEqual(["no camera", true]);
  });

  it.each([
    ["NotAllowedError", "The camera was refused"],
    ["NotFoundError", "There is no camera on this machine"],
    ["NotReadableError", "in use by another program"],
    ["<b>Odd</b>", "does not start"],
  ])("that fails with %s is one sentence", async (name, sentence) => {
    camera(() => Promise.reject(new DOMException("no", name)));
    const { root } = await open();
    button(root, "Take a picture").click();
    await vi.waitFor(() => expect(root.querySelector('[role="alert"]')?.textContent).toContain(sentence));
  });

  it("is let go of when it is closed", async () => {
    const stop = vi.fn();
    camera(() => Promise.resolve({ getTracks: () => [{ stop }] }));
    const { root } = await open();
    button(root, "Take a picture").click();
    await vi.waitFor(() => expect(root.querySelector("video")).not.toBeNull());
    expect(button(root, "take the picture").disabled).toBe(true);
    button(root, "close").click();
    await breathe();
    expect(stop).toHaveBeenCalledOnce();
    expect(root.querySelector("video")).toBeNull();
  });
});

describe("pictures", () => {
  it("cannot be added to a page that shows a recording, and the button says why", async () => {
    const { root } = await open("explorer", { _holds: () => true });
    expect(button(root, "Pictures are read by a kernel: this page has none").disabled).toBe(true);
  });

  it("cannot be added where there is no kernel, and the button says why", async () => {
    const { root, model } = await open();
    model.dead = true;
    model.set("image_index", 1);
    await vi.waitFor(() => expect(button(root, "Pictures are read by the kernel").disabled).toBe(true));
  });

  it("are taken from a drop anywhere on the widget", async () => {
    const { root, model } = await open();
    const place = root.querySelector(".nbviz") as HTMLElement;
    const held = { types: ["Files"], files: [new File(["x"], "cat.png", { type: "image/png" })] };
    const say = (type: string, dataTransfer: unknown) => {
      const event = Object.assign(new Event(type, { bubbles: true, cancelable: true }), { dataTransfer });
      panel(root, "maps").dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(say("dragover", { types: ["text/plain"] })).toBe(false);
    expect(say("dragover", held)).toBe(true);
    expect(place.dataset.drop).toBe("held");
    expect(say("drop", held)).toBe(true);
    expect(place.dataset.drop).toBeUndefined();
    await vi.waitFor(() => expect(model.state.image_index).toBe(2));
    expect(requests(model, "upload")).toHaveLength(1);
  });
});

describe("the place that is kept", () => {
  const stage = (root: ShadowRoot) => root.querySelector<HTMLElement>('[role="application"]')!;

  it("moves by the arrows, tells who is strongest there, and asks the kernel nothing", async () => {
    const { root, model } = await open();
    const before = model.sent.length;
    stage(root).focus();
    press(root, "ArrowRight");
    await breathe();
    expect(root.querySelector(".here b")?.textContent).toBe("HERE 7,8");
    const chips = [...root.querySelectorAll<HTMLElement>(".chip")];
    expect(chips).toHaveLength(8);
    const values = chips.map((chip) => Number(chip.textContent?.split(" ")[1]?.replace("−", "-")));
    expect(values).toEqual([...values].sort((a, b) => b - a));
    expect(model.sent.length).toBe(before);
    chips[0]?.click();
    expect(model.state.unit).toBe(`layer3.1.conv2:${chips[0]?.textContent?.split(" ")[0]}@7,8`);
    stage(root).focus();
    press(root, "Escape");
    await breathe();
    expect(root.querySelector(".here b")?.textContent).toBe("ANYWHERE");
  });
});

describe("the window", () => {
  it("is moved by the arrows, sized by + and −, and let go of by Escape", async () => {
    const { root, model } = await open();
    button(root, "Cover a part").click();
    await settled(root);
    const box = () => (requests(model, "occlude").at(-1) as unknown as { box: number[] }).box;
    expect(box()).toEqual([84, 84, 140, 140]);
    root.querySelector<HTMLElement>('[role="application"]')?.focus();
    press(root, "ArrowDown");
    await settled(root);
    await vi.waitFor(() => expect(box()).toEqual([98, 84, 154, 140]));
    press(root, "+");
    await vi.waitFor(() => expect(box()[2]! - box()[0]!).toBe(70));
    press(root, "Escape");
    await breathe();
    expect(root.querySelector('[data-panel="occlude"]')).toBeNull();
  });
});

describe("comparing", () => {
  it("shows the other side in panels of its own, with one legend, and what is wrong with a unit", async () => {
    const { root } = await open();
    const choice = [...root.querySelectorAll("select")].find((s) =>
      [...s.options].some((o) => o.value === "unit"),
    ) as HTMLSelectElement;
    expect([...choice.options].map(({ value }) => value)).toEqual(["", "picture", "class", "unit"]);
    const choose = async (what: string) => {
      choice.value = what;
      choice.dispatchEvent(new Event("change", { bubbles: true }));
      await breathe();
      await settled(root);
    };
    await choose("picture");
    expect(panel(root, "overlay_b").dataset.state).toBe("ready");
    expect(panel(root, "picture").querySelectorAll(".under .legend")).toHaveLength(1);
    await choose("unit");
    const field = root.querySelector<HTMLInputElement>('[aria-label="Unit to compare with"]')!;
    expect(field.value).toBe("layer3.1.conv2:17");
    field.value = "layer3.1.conv2:9999";
    field.dispatchEvent(new Event("change", { bubbles: true }));
    await breathe();
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(root.querySelector(".fault")?.textContent).toContain("has units 0 to 255");
    await choose("");
    expect(panel(root, "overlay_b")).toBeNull();
  });
});
