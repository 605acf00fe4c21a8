import { afterEach, describe, expect, it, vi } from "vitest";
import { fileName } from "../src/views/save";
import { breathe, last, mounted, panel, press, requests, settled } from "./helpers";

type Mounted = Awaited<ReturnType<typeof mounted>>;
let view: Mounted;
const open = async (change: Parameters<typeof mounted>[1] = {}) => {
  view = await mounted("dreamer", change);
  return view;
};
afterEach(() => view?.life.abort());

const button = (name: string) =>
  [...view.root.querySelectorAll("button")].find((b) => b.textContent === name) as HTMLButtonElement;
const slider = () => view.root.querySelector<HTMLElement>('[role="slider"]');
const text = (name: string) => panel(view.root, name).textContent ?? "";

async function dreamt() {
  button("Dream").click();
  await vi.waitFor(() => expect(text("dream")).toContain("→"), { timeout: 10_000 });
  await settled(view.root);
}

describe("the dreamer", () => {
  it("opens with the picture in its own size and dreams of nothing unasked", async () => {
    await open();
    expect(requests(view.model).map(({ op }) => op)).toEqual(
      expect.arrayContaining(["thumbnails", "picture", "original"]),
    );
    expect(requests(view.model, "dream")).toEqual([]);
    expect(slider()).toBeNull();
    expect(panel(view.root, "original").querySelector("canvas")).not.toBeNull();
  });

  it("asks for a dream of the layer with the settings that are shown", async () => {
    await open({ _options: { octaves: 1, steps: 2, strength: 3, size: 300, seed: 4 } });
    await dreamt();
    expect(requests(view.model, "dream")).toMatchObject([
      {
        slot: "dream",
        image: 0,
        target: { layer: "layer3.1.conv2" },
        guide: null,
        octaves: 1,
        steps: 2,
        strength: 3,
        size: 300,
        seed: 4,
      },
    ]);
    expect(text("dream")).toContain("1 octave of 2 steps, strength 3, seed 4 · objective 24 → 48");
    expect(text("dream")).toContain("nbviz.deep_dream(net, image");
  });

  it("compares before and after by keys", async () => {
    await open({ _options: { octaves: 1, steps: 2 } });
    await dreamt();
    const value = () => slider()?.getAttribute("aria-valuenow");
    expect(value()).toBe("50");
    slider()?.focus();
    for (const [key, expected] of [
      ["ArrowRight", "52"],
      ["PageDown", "32"],
      ["Home", "0"],
      ["ArrowLeft", "0"],
      ["End", "100"],
    ] as const) {
      press(view.root, key);
      await breathe();
      expect(value()).toBe(expected);
    }
    expect(slider()?.getAttribute("aria-valuetext")).toBe("100 percent before, 0 percent after");
    // The slider's own keys change neither picture nor layer.
    expect(last(view.model).type).not.toBe("cancel");
    expect(view.model.get("image_index")).toBe(0);
  });

  it("keeps a dream while settings change, lets it go with the picture, and finds it again", async () => {
    await open({ _options: { octaves: 1, steps: 2 } });
    await dreamt();
    view.model.set("layer", "layer2.0.conv1");
    await breathe();
    expect(text("dream")).toContain("dream of layer3.1.conv2");
    view.model.set("layer", "layer3.1.conv2");
    view.model.set("image_index", 1);
    await settled(view.root);
    expect(slider()).toBeNull();
    view.model.set("image_index", 0);
    await settled(view.root);
    expect(text("dream")).toContain("dream of layer3.1.conv2");
    expect(requests(view.model, "dream").length).toBe(1);
  });

  it("stops on the way and keeps what is there", async () => {
    await open({ _options: { octaves: 2, steps: 200 } });
    button("Dream").click();
    await vi.waitFor(() => expect(panel(view.root, "dream").dataset.partial).toBe("true"), {
      timeout: 10_000,
    });
    button("Stop").click();
    await breathe();
    expect(view.model.sent.some(({ type }) => type === "cancel")).toBe(true);
    expect(text("dream")).toMatch(/stopped at step \d+ of 400/);
    expect(button("Dream")).toBeDefined();
  });

  it("shows a row of layers, says where nothing reaches, and enlarges what is chosen", async () => {
    await open({ method: "inversion" });
    button("Invert").click();
    await vi.waitFor(() => expect(text("inversion")).toContain("relative error 0.02,"), { timeout: 10_000 });
    await settled(view.root);
    const rows = () => [...view.root.querySelectorAll<HTMLElement>(".memories button")];
    expect(rows().map((row) => row.textContent)).toEqual([
      "conv1error 0.02",
      "layer2error 0.08",
      "layer4error 0.32",
      "fcnothing reaches it",
    ]);
    rows()[0]?.focus();
    press(view.root, "ArrowRight");
    await breathe();
    expect(rows().map((row) => row.getAttribute("aria-selected"))).toEqual([
      "false",
      "true",
      "false",
      "false",
    ]);
    expect(text("inversion")).toContain("layer2 · relative error 0.08");
    rows()[3]?.click();
    await breathe();
    expect(text("inversion")).toContain("Nothing of the picture reaches 'fc'.");
  });

  it("names files after what they show, whatever characters that has", () => {
    expect(fileName("dog <img> dream of layer3:17 · 2 steps")).toBe("dog-img-dream-of-layer3-17-2-steps.png");
  });
});
