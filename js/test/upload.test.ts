import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Transport } from "../src/transport";
import { PART_BYTES, Uploads } from "../src/upload";
import { asModel, FakeModel, requests } from "./helpers";

const file = (size: number, name = "cat.png", type = "image/png") =>
  new File([new Uint8Array(size).fill(7)], name, { type });

describe("uploads", () => {
  let model: FakeModel;
  let transport: Transport;
  let uploads: Uploads;
  const show = vi.fn();

  beforeEach(() => {
    model = new FakeModel({});
    model.latency = 0;
    transport = new Transport(asModel(model));
    uploads = new Uploads(transport, show);
    show.mockClear();
  });
  afterEach(() => transport.dispose());

  const sent = () => requests(model, "upload") as unknown as Record<string, unknown>[];
  const sizes = () => model.beside.map(([bytes]) => (bytes as ArrayBuffer).byteLength);

  it("send a file in parts, each after the one before has arrived, and show the picture", async () => {
    const done = uploads.add([file(2 * PART_BYTES + 5)]);
    expect(uploads.sending.value).toEqual({ name: "cat.png", part: 0, parts: 3, waiting: 0 });
    expect(sent().length).toBeLessThanOrEqual(1);
    await done;
    expect(sent().map(({ name, part, parts }) => [name, part, parts])).toEqual([
      ["cat.png", 0, 3],
      ["cat.png", 1, 3],
      ["cat.png", 2, 3],
    ]);
    expect(new Set(sent().map(({ file }) => file)).size).toBe(1);
    expect(sizes()).toEqual([PART_BYTES, PART_BYTES, 5]);
    expect(show.mock.calls).toEqual([[2]]);
    expect(uploads.sending.value).toBeNull();
  });

  it("send several files in turn, and show one of them", async () => {
    await Promise.all([uploads.add([file(1, "a.png"), file(1, "b.png")]), uploads.add([file(1, "c.png")])]);
    expect(sent().map(({ name }) => name)).toEqual(["a.png", "b.png", "c.png"]);
    expect(show).toHaveBeenCalledOnce();
  });

  it("say what is no picture: what the browser knows at once, the rest when the kernel has looked", async () => {
    await uploads.add([file(1, "film.mp4", "video/mp4")]);
    expect(sent()).toHaveLength(0);
    expect(uploads.troubles.value).toEqual(["film.mp4 is not a picture."]);
    model.fault = { op: "upload", message: "It is damaged or cut off." };
    await uploads.add([file(1, "<img onerror>.png"), file(1, "b.png")]);
    expect(uploads.troubles.value).toEqual([
      "<img onerror>.png: It is damaged or cut off.",
      "b.png: It is damaged or cut off.",
    ]);
    expect(show).not.toHaveBeenCalled();
  });

  it("end without a word where the person calls them off, and can begin again", async () => {
    model.silent = true;
    const done = uploads.add([file(2 * PART_BYTES), file(1)]);
    await vi.waitFor(() => expect(sent()).toHaveLength(1));
    uploads.cancel();
    await done;
    expect(model.sent.at(-1)?.type).toBe("cancel");
    expect([uploads.sending.value, uploads.troubles.value, sent().length]).toEqual([null, [], 1]);
    model.silent = false;
    await uploads.add([file(1)]);
    expect(show).toHaveBeenCalledOnce();
  });

  it("say that there is no kernel", async () => {
    model.dead = true;
    await uploads.add([file(1)]);
    expect(uploads.troubles.value).toEqual(["cat.png: there is no kernel to take it: run the cell again."]);
  });
});
