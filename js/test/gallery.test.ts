import { afterEach, describe, expect, it, vi } from "vitest";
import { createStore, type Store } from "../src/store";
import { asModel, exampleTraits, FakeModel, requests } from "./helpers";

let store: Store;
afterEach(() => store.dispose());

function opened() {
  const model = new FakeModel(exampleTraits() as never);
  model.latency = 1;
  store = createStore(asModel(model), (task) => task());
  store.attach();
  return model;
}

describe("the gallery of a layer", () => {
  it("is drawn when it is asked for, and not before", async () => {
    const model = opened();
    await vi.waitFor(() => expect(store.slots.maps.state.value).toBe("ready"));
    expect(requests(model, "gallery")).toEqual([]);
    expect(store.gallery.sheet.value).toBeNull();
    store.startGallery();
    expect(requests(model, "gallery")).toMatchObject([
      { slot: "gallery", layer: "layer3.1.conv2", steps: 64, size: null, seed: 0 },
    ]);
  });

  it("shows tiles as they come, all of them at the end", async () => {
    opened();
    store.startGallery();
    await vi.waitFor(() => expect(store.gallery.sheet.value?.tiles.size).toBe(4));
    expect([...store.gallery.sheet.value!.tiles.keys()]).toEqual([0, 1, 4, 5]);
    await vi.waitFor(() => expect(store.gallery.sheet.value?.tiles.size).toBe(256), 3000);
    expect(store.gallery.sheet.value?.pixels.length).toBe(256);
    expect(store.slots.gallery.state.value).toBe("ready");
  });

  it("goes on in the background while another layer is looked at", async () => {
    const model = opened();
    store.startGallery();
    await vi.waitFor(() => expect(store.gallery.sheet.value?.tiles.size).toBe(2));
    store.setTraits({ layer: "conv1" });
    expect(store.gallery.sheet.value).toBeNull();
    await vi.waitFor(() => expect(store.slots.gallery.state.value).toBe("ready"), 3000);
    expect(model.sent.some((message) => message.type === "cancel")).toBe(false);
    store.setTraits({ layer: "layer3.1.conv2" });
    expect(store.gallery.sheet.value?.tiles.size).toBe(256);
  });

  it("of older weights is let go of", async () => {
    const model = opened();
    store.startGallery();
    await vi.waitFor(() => expect(store.gallery.sheet.value).not.toBeNull());
    store.slots.gallery.stop();
    model.say({ type: "stale", revision: 1 });
    expect(store.gallery.sheet.value).toBeNull();
  });
});
