import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chosenMap, currentField } from "../src/fields";
import { createStore, type Store } from "../src/store";
import type { MethodInfo, Traits } from "../src/traits";
import { asModel, exampleTraits, FakeModel, requests } from "./helpers";

describe("store", () => {
  let model: FakeModel;
  let store: Store;
  let detach: () => void;

  const open = (view: Traits["_view"] = "explorer", change: Partial<Traits> = {}) => {
    model = new FakeModel({ ...exampleTraits(view), ...change });
    store = createStore(asModel(model), (task) => task());
    detach = store.attach();
  };
  const pass = (ms = 100) => vi.advanceTimersByTime(ms);

  beforeEach(() => {
    vi.useFakeTimers();
    open();
    pass();
  });
  afterEach(() => {
    store.dispose();
    vi.useRealTimers();
  });

  it("asks for what its view shows, once, and synthesises nothing unasked", () => {
    expect(
      requests(model)
        .map((m) => m.op)
        .sort(),
    ).toEqual([
      "extremes",
      "extremes",
      "maps",
      "neighbours",
      "overlay",
      "picture",
      "projection",
      "thumbnails",
    ]);
    open("layer_grid");
    expect(requests(model).map((m) => m.op)).toEqual(["thumbnails", "maps"]);
    open("layer_grid", { _images: [{ name: "alone.png", key: "a" }] });
    expect(requests(model).map((m) => m.op)).toEqual(["maps"]);
  });

  it("waits for the classes only as long as a class is shown", () => {
    open();
    expect(store.slots.overlay.state.value).toBe("computing");
    store.local.mode.value = "unit";
    pass();
    expect(store.slots.overlay.state.value).toBe("idle");
    store.local.mode.value = "class";
    pass();
    expect(store.slots.overlay.state.value).toBe("ready");
  });

  it("gets the heat maps of all predicted classes at once and switches among them alone", () => {
    expect(requests(model, "overlay")[0]).toMatchObject({ targets: [3, 0, 9, 5, 7], method: "grad_cam" });
    const before = requests(model).length;
    store.setTraits({ target: 9 });
    pass();
    expect(requests(model).length).toBe(before);
    store.setTraits({ target: 11 });
    pass();
    expect(requests(model, "overlay")[1]).toMatchObject({ targets: [11] });
  });

  it("asks for the chosen class alone where a map takes its time, and shows it while it grows", () => {
    store.local.classMethod.value = "occlusion";
    pass(150);
    expect(requests(model, "overlay")[1]).toMatchObject({ method: "occlusion", targets: [3], layer: null });
    expect(store.slots.overlay.state.value).toBe("computing");
    expect(store.slots.overlay.shown.value?.meta.method).toBe("grad_cam");
    expect(chosenMap(store)?.of).toMatchObject({ meta: { method: "occlusion" }, reached: "step 4 of 20" });
    pass(1000);
    expect(chosenMap(store)?.of.reached).toBeNull();
    store.setTraits({ target: 9 });
    pass(150);
    expect(requests(model, "overlay")[2]).toMatchObject({ targets: [9] });
    store.slots.overlay.stop();
    pass();
    expect(chosenMap(store)?.of.reached).toMatch(/^stopped at step \d+ of 20$/);
    expect(currentField(store)).toMatchObject({ caption: expect.stringContaining("stopped at step") });
  });

  it("computes heat maps at the chosen layer on demand, and follows it", () => {
    store.setTraits({ layer: "layer2.0.relu" });
    expect(requests(model, "overlay")).toHaveLength(1);
    store.local.classLayer.value = "chosen";
    pass();
    expect(requests(model, "overlay")[1]).toMatchObject({ layer: "layer2.0.relu" });
    store.setTraits({ layer: "conv1" });
    expect(requests(model, "overlay")[2]).toMatchObject({ layer: "conv1" });
    store.local.classMethod.value = "saliency";
    expect(requests(model, "overlay")[3]).toMatchObject({ layer: null });
  });

  it("sends the parameters that differ from their defaults, and knows equal settings again", () => {
    store.local.classMethod.value = "occlusion";
    pass(1500);
    const method = store.traits._methods.value.find(({ name }) => name === "occlusion") as MethodInfo;
    store.setParam(method, "baseline", "blurred");
    store.setParam(method, "window", 24);
    pass(1500);
    const params = { window: 24, baseline: "blurred" };
    expect(JSON.stringify(requests(model, "overlay").at(-1))).toContain(JSON.stringify(params));
    expect(chosenMap(store)).not.toBeNull();
    expect(currentField(store)).toMatchObject({
      caption: expect.stringMatching(/^Occlusion \(window 24, baseline blurred\) · .* · samples 8$/),
    });
    store.setParam(method, "window", null);
    store.setParam(method, "baseline", "grey");
    pass(1500);
    const before = requests(model).length;
    store.setParam(method, "window", 24);
    store.setParam(method, "baseline", "blurred");
    expect(requests(model).length - before).toBe(1); // a window of 24 over grey, on the way
    expect(store.slots.overlay.state.value).toBe("ready");
  });

  it("asks nobody about opacity, colours, order, scale and what the pointer is on", () => {
    const before = model.sent.length;
    const { opacity, colormap, peek } = store.local;
    const { sort, scale } = store.local.grid;
    [opacity.value, colormap.value, sort.value, scale.value, peek.value] = [
      0.1,
      "jet",
      "activation",
      "layer",
      5,
    ];
    pass(5000);
    expect(model.sent.length).toBe(before);
  });

  it("answers from its cache what it has seen, and says so", () => {
    const first = store.traits.unit.value;
    store.setTraits({ unit: "layer3.1.conv2:40" });
    pass();
    const before = requests(model).length;
    store.setTraits({ unit: first });
    expect(store.slots.projection.shown.value?.meta.unit).toBe(first);
    expect(store.slots.projection.state.value).toBe("ready");
    expect(store.finished.value?.cached).toBe(true);
    expect(requests(model).length).toBe(before);
  });

  it("keeps the last picture until the next one is there", () => {
    const before = store.slots.projection.shown.value;
    store.setTraits({ unit: "layer3.1.conv2:40" });
    expect(store.slots.projection.state.value).toBe("computing");
    expect(store.slots.projection.shown.value).toBe(before);
    pass();
    expect(store.slots.projection.shown.value?.meta.unit).toBe("layer3.1.conv2:40");
  });

  it("locks a unit and its layer in one message, but a layer alone leaves the unit", () => {
    const saves = model.saves;
    store.lock({ layer: "layer2.0.relu", channel: 3, position: [1, 2] });
    expect([model.state.layer, model.state.unit]).toEqual(["layer2.0.relu", "layer2.0.relu:3@1,2"]);
    expect(model.saves).toBe(saves + 1);
    store.setTraits({ layer: "conv1" });
    expect(model.state.unit).toBe("layer2.0.relu:3@1,2");
  });

  it("follows traits that Python sets", () => {
    model.set("layer", "layer1.0.relu");
    expect(requests(model, "maps")[1]).toMatchObject({ layer: "layer1.0.relu" });
  });

  it("asks anew when the picture's content changes under the same number", () => {
    model.set("_images", [{ name: "two_objects.png", key: "changed" }]);
    expect(requests(model, "picture")).toHaveLength(2);
  });

  it("streams a synthesis, acknowledges its frames, stops it and keeps the last one", () => {
    store.startSynthesis();
    pass(1000);
    const frame = store.slots.excites.frame.value;
    expect(frame?.step).toBeGreaterThan(20);
    expect(model.sent.filter((m) => m.type === "frame_ack").length).toBeGreaterThan(5);
    store.slots.excites.stop();
    pass(1000);
    expect(store.slots.excites.frame.value).toBe(frame);
    expect(store.slots.excites.state.value).toBe("ready");
    expect(model.sent.some((m) => m.type === "cancel")).toBe(true);
  });

  it("ends a running synthesis when another unit is chosen, and finds a finished one again", () => {
    store.startSynthesis();
    pass(5000);
    expect(store.slots.excites.state.value).toBe("ready");
    store.setTraits({ unit: "layer3.1.conv2:40" });
    expect(store.slots.excites.state.value).toBe("idle");
    store.startSynthesis();
    pass(300);
    store.setTraits({ unit: "layer3.1.conv2:17" });
    expect(store.slots.excites.state.value).toBe("ready");
    expect(store.slots.excites.shown.value?.meta.film.at(-1)?.reading).toBe(12.5);
    const rid = requests(model, "synthesis")[1]?.rid;
    expect(model.sent).toContainEqual({ type: "cancel", rid });
  });

  it("searches for a locked neuron at its place, or for its channel", () => {
    store.lock({ layer: "layer3.1.conv2", channel: 17, position: [3, 5] });
    store.startSynthesis();
    expect(requests(model, "synthesis")[0]).toMatchObject({ target: { unit: "layer3.1.conv2:17@3,5" } });
    store.local.aim.value = "channel";
    expect(store.slots.excites.state.value).toBe("idle");
    store.startSynthesis();
    expect(requests(model, "synthesis")[1]).toMatchObject({ target: { unit: "layer3.1.conv2:17" } });
  });

  it("searches for what excites a class until a unit is chosen", () => {
    store.excite(9);
    pass(5000);
    expect(requests(model, "synthesis")[0]).toMatchObject({ target: { logit: 9 } });
    expect(store.slots.excites.shown.value?.want.title).toBe(
      "what excites logit of <img src=x onerror=alert(1)> & co",
    );
    store.setTraits({ unit: "layer3.1.conv2:40" });
    expect([store.local.aim.value, store.slots.excites.state.value]).toEqual(["neuron", "idle"]);
    store.local.aim.value = "class";
    expect(store.slots.excites.state.value).toBe("ready");
    store.excite("unit");
    expect(requests(model, "synthesis")[1]).toMatchObject({ target: { unit: "layer3.1.conv2:40" } });
  });

  it("calls pictures of older weights stale until they are asked for again", () => {
    model.say({ type: "stale", revision: 1 });
    expect(store.slots.maps.state.value).toBe("stale");
    expect(store.outdated.value).toBe(true);
    const before = requests(model).length;
    store.refresh();
    pass();
    expect(requests(model).length).toBe(before + 8);
    expect(store.slots.maps.state.value).toBe("ready");
    expect(store.outdated.value).toBe(false);
  });

  it("shows the reason of a failure and tries again on demand", () => {
    model.fault = { op: "projection", message: "deconvnet is not defined here." };
    store.setTraits({ unit: "layer3.1.conv2:40" });
    pass();
    expect(store.slots.projection.state.value).toBe("failed");
    expect(store.slots.projection.failure.value?.message).toBe("deconvnet is not defined here.");
    model.fault = null;
    store.slots.projection.retry();
    pass();
    expect(store.slots.projection.state.value).toBe("ready");
  });

  it("asks for the heat map of the wanted class even if the picture failed, to show why", () => {
    model = new FakeModel({ ...exampleTraits(), target: 2 });
    model.fault = { op: "picture", message: "no picture" };
    store = createStore(asModel(model));
    detach = store.attach();
    pass();
    expect(requests(model, "overlay")[0]).toMatchObject({ targets: [2] });
  });

  it("keeps its pictures as stale when the kernel goes, and refreshes when it is back", () => {
    model.dead = true;
    store.setTraits({ unit: "layer3.1.conv2:40" });
    expect(store.transport.link.value).toBe("gone");
    expect(store.slots.maps.state.value).toBe("stale");
    expect(store.slots.projection.state.value).toBe("stale");
    model.dead = false;
    store.transport.reconnect();
    pass();
    expect(store.slots.maps.state.value).toBe("ready");
    expect(store.slots.projection.shown.value?.meta.unit).toBe("layer3.1.conv2:40");
  });

  it("says that a recording lacks something instead of calling it an error", () => {
    model.silent = true;
    store.setTraits({ unit: "layer3.1.conv2:40" });
    const { rid } = requests(model, "projection")[1]!;
    const message = "Not computed in this recording.";
    model.say({ type: "failure", rid, op: "projection", kind: "NotRecorded", message, traceback: "" });
    expect(store.slots.projection.state.value).toBe("unrecorded");
  });

  it("asks nothing any more when its last view is gone", () => {
    detach();
    const before = model.sent.length;
    model.set("layer", "conv1");
    pass();
    expect(model.sent.length).toBe(before);
  });
});
