import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Request } from "../src/protocol";
import { createStore, type Store } from "../src/store";
import { asModel, exampleTraits, FakeModel, requests } from "./helpers";

let store: Store;
let model: FakeModel;
let detach: () => void;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  detach();
  store.dispose();
  vi.useRealTimers();
});

const ATLAS = { name: "animals", layers: ["layer3.1.conv2", "layer4.1"] };

function opened(atlas: typeof ATLAS | null = ATLAS) {
  model = new FakeModel({ ...exampleTraits(), _atlas: atlas } as never);
  model.latency = 10;
  store = createStore(asModel(model), (task) => task());
  detach = store.attach();
}

const show = (what: "patches" | "activations") => {
  store.local.grid.show.value = what;
};
type Asked = Extract<Request, { op: "strongest" }>;
const firsts = () => requests(model, "strongest").map((request) => (request as Asked).first);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("the strongest patches of a layer", () => {
  it("come in batches, one after the other, once the grid shows them", async () => {
    opened();
    await pass(100);
    expect(firsts()).toEqual([]);
    show("patches");
    await pass(1);
    expect(requests(model, "strongest")).toMatchObject([{ layer: "layer3.1.conv2", first: 0, count: 64 }]);
    await pass(300);
    expect(firsts()).toEqual([0, 64, 128, 192]);
    expect(store.patchwork.sheet.value?.tiles.size).toBe(256);
    await pass(10_000);
    expect(firsts()).toHaveLength(4);
  });

  it("begin with what can be seen, and follow the view", async () => {
    opened();
    store.patchwork.inView.value = [200, 201, 10];
    show("patches");
    await pass(15);
    store.patchwork.inView.value = [130];
    await pass(300);
    expect(firsts()).toEqual([192, 0, 128, 64]);
  });

  it("are not asked for again: not for another order, nor on the way back from another layer or source", async () => {
    opened();
    show("patches");
    await pass(300);
    store.patchwork.inView.value = [255, 0];
    show("activations");
    await pass(100);
    show("patches");
    store.setTraits({ layer: "conv1" });
    await pass(100);
    expect(store.slots.strongest.state.value).toBe("idle");
    store.setTraits({ layer: "layer3.1.conv2" });
    await pass(300);
    expect(store.slots.strongest.state.value).toBe("ready");
    expect(firsts()).toHaveLength(4);
    expect(store.patchwork.sheet.value?.tiles.size).toBe(256);
  });

  it("go on where they were when another layer came between", async () => {
    opened();
    show("patches");
    await pass(15);
    store.setTraits({ layer: "layer4.1" });
    await pass(1);
    expect(requests(model, "strongest").at(-1)).toMatchObject({ layer: "layer4.1", first: 0 });
    store.setTraits({ layer: "layer3.1.conv2" });
    await pass(300);
    expect(store.patchwork.sheet.value?.tiles.size).toBe(256);
  });

  it("of a scan under way are looked at again after a while, and stay to be seen meanwhile", async () => {
    opened();
    const say = model.say.bind(model);
    model.say = (content, buffers) => {
      if (content.op === "strongest") Object.assign(content.meta as object, { complete: false });
      say(content, buffers);
    };
    show("patches");
    await pass(300);
    expect(firsts()).toEqual([0, 64, 128, 192]);
    await pass(4100);
    expect(firsts().slice(4)).toEqual([0, 64, 128, 192]);
    expect(store.patchwork.sheet.value?.tiles.size).toBe(256);
    show("activations");
    await pass(10_000);
    expect(firsts()).toHaveLength(8);
  });

  it("that cannot be had are not asked for by every move of the grid", async () => {
    opened();
    model.fault = { op: "strongest", message: "The disk is gone." };
    show("patches");
    await pass(50);
    expect(store.slots.strongest.state.value).toBe("failed");
    store.patchwork.inView.value = [200];
    await pass(50);
    expect(firsts()).toEqual([0]);
    model.fault = null;
    store.slots.strongest.retry();
    await pass(300);
    expect(store.patchwork.sheet.value?.tiles.size).toBe(256);
  });
});
