import { deflateSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { Contents } from "../src/host/contents";
import { withoutOpacity } from "../src/host/decode";
import { FORMAT, readDocument } from "../src/host/document";
import { followUnit, linkModels } from "../src/host/links";
import { canonical, RecordedModel } from "../src/host/model";
import { mounted, panel } from "./helpers";

const bytes = Uint8Array.from({ length: 64 }, (_, i) => i % 7);
const packed = Buffer.from(deflateSync(bytes)).toString("base64");
const part = { codec: "deflate" as const, channels: 0, from: 3, to: 3 + packed.length };
const content = { op: "maps", key: "k", meta: { layer: "conv1" }, parts: [part] };
const record = () => ({
  state: { layer: "conv1", unit: "conv1:3", _network: { revision: 4 } },
  answers: [{ op: "maps", args: { image: 0, layer: "conv1", params: {} }, content: 0 }],
});
const beside = (text: string) => new Contents("...", async () => text);
const made = () => new RecordedModel(record(), [content], beside(packed));

function heard(model: RecordedModel) {
  const messages: [Record<string, unknown>, DataView[]][] = [];
  model.on("msg:custom", ((said: Record<string, unknown>, buffers: DataView[]) => {
    messages.push([said, buffers]);
  }) as never);
  return messages;
}

describe("a model that answers from a recording", () => {
  it("says what the kernel had said, byte by byte", async () => {
    const model = made();
    const messages = heard(model);
    model.send({ type: "hello", view_id: "v" });
    model.send({ type: "request", rid: "r", slot: "maps", op: "maps", layer: "conv1", image: 0 });
    await vi.waitFor(() => expect(messages).toHaveLength(3));
    expect(messages.map(([said]) => said.type)).toEqual(["welcome", "ack", "result"]);
    expect(messages[0]![0]).toMatchObject({ revision: 4 });
    const [said, buffers] = messages[2]!;
    expect(said).toEqual({ type: "result", rid: "r", op: "maps", key: "k", meta: { layer: "conv1" } });
    expect(new Uint8Array(buffers[0]!.buffer)).toEqual(bytes);
  });

  it("says that a kernel is needed for what was not recorded", async () => {
    const model = made();
    const messages = heard(model);
    model.send({ type: "request", rid: "r", slot: "maps", op: "maps", layer: "conv2", image: 0 });
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    expect(messages[0]![0]).toMatchObject({ type: "failure", kind: "NotRecorded", rid: "r" });
    expect(model.holds("maps", { layer: "conv1", image: 0 })).toBe(true);
    expect(model.holds("maps", { layer: "conv1", image: 1 })).toBe(false);
  });

  it("takes whatever else a page says without an error", () => {
    const model = made();
    for (const message of [{ type: "cancel", rid: "r" }, { type: "upload" }, {}]) model.send(message);
    model.save_changes();
  });

  it("says so where its bytes are damaged", async () => {
    const model = new RecordedModel(
      record(),
      [content],
      beside("not what was packed, and much too long for it"),
    );
    const messages = heard(model);
    model.send({ type: "request", rid: "r", slot: "maps", op: "maps", layer: "conv1", image: 0 });
    await vi.waitFor(() => expect(messages.at(-1)![0]).toMatchObject({ kind: "Damaged" }));
  });

  it("opens without what lies beside it, and waits for that, once, where it is asked for", async () => {
    const fetchRest = vi.fn(async () => "67890");
    const contents = new Contents("12345", fetchRest);
    expect(await contents.text(1, 5)).toBe("2345");
    expect(fetchRest).not.toHaveBeenCalled();
    expect(await Promise.all([contents.text(5, 8), contents.text(8, 10)])).toEqual(["678", "90"]);
    expect(fetchRest).toHaveBeenCalledOnce();
  });

  it("keeps linked traits equal and follows a unit to its layer", () => {
    const [first, second] = [made(), made()];
    for (const model of [first, second]) followUnit(model);
    linkModels(
      [first, second],
      [{ source: { model: 0, trait: "unit" }, target: { model: 1, trait: "unit" }, both: 1 }],
    );
    first.set("unit", "layer2.0.conv:5@1,2");
    expect([second.get("unit"), second.get("layer")]).toEqual(["layer2.0.conv:5@1,2", "layer2.0.conv"]);
    second.set("unit", "conv1:1");
    expect([first.get("unit"), first.get("layer")]).toEqual(["conv1:1", "conv1"]);
  });
});

describe("a view of a recording", () => {
  it("greys what needs a kernel to start, and says so in its place", async () => {
    const lacking = ["synthesis", "gallery"];
    const { root, model, life } = await mounted();
    model.set("_holds", (op: string) => !lacking.includes(op));
    const answered = model.send;
    model.send = (content, ...more) => {
      const { type, op, rid } = content as Record<string, string>;
      if (type !== "request" || !lacking.includes(op!)) return answered(content, ...more);
      const message = "Not in this recording: it needs a kernel.";
      model.say({ type: "failure", rid, op, kind: "NotRecorded", message, traceback: "" });
    };
    model.set("unit", "layer3.1.conv2:40");
    const [excites, grid] = [panel(root, "excites"), panel(root, "maps")];
    await vi.waitFor(() => expect(excites.dataset.state).toBe("unrecorded"));
    expect(excites.textContent).toContain("it needs a kernel");
    expect(excites.textContent).not.toContain("Start draws");
    const named = (within: HTMLElement, name: string) =>
      [...within.querySelectorAll("button")].find(({ textContent }) => textContent === name);
    expect(named(excites, "Start")?.disabled).toBe(true);
    named(grid, "excites")?.click();
    await vi.waitFor(() => expect(grid.dataset.state).toBe("unrecorded"));
    expect(grid.textContent).toContain("it needs a kernel");
    expect(named(grid, "Draw what excites each unit")).toBeUndefined();
    life.abort();
  });
});

describe("questions", () => {
  it("are equal whatever their order, and without what is null or empty", () => {
    expect(canonical({ b: [1, null], a: null, c: {}, d: 0.15 })).toBe('{"b":[1,null],"d":0.15}');
    expect(canonical({ target: { unit: "a:1" }, steps: 3 })).toBe(
      canonical({ steps: 3, target: { unit: "a:1" } }),
    );
  });
});

describe("a document", () => {
  const good = {
    format: 1,
    version: "0.1.0",
    models: [],
    contents: [],
    links: [],
    layout: { box: "row", titles: [], children: [{ model: 0 }, { missing: "IntSlider" }] },
  };

  it("is validated, and a newer one is refused by the version that wrote it", () => {
    expect(readDocument(good).layout).toEqual(good.layout);
    expect(() => readDocument({ ...good, format: FORMAT + 1, version: "9.9" })).toThrow("nbviz 9.9");
    expect(() => readDocument({ ...good, models: 3 })).toThrow("document.models");
  });

  it("has pictures whose opacity is left out", () => {
    const rgba = Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 255);
    expect([...withoutOpacity(rgba, 3)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...withoutOpacity(rgba, 1)]).toEqual([1, 4]);
  });
});
